import type { JobRecords, Series } from "../../api/job-records.ts";
import { Curve, type Line } from "../../components/curve.tsx";
import { duration } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";

interface Picture {
  title: string;
  unit?: string;
  /** Metrics by the names that jobs give them, with what they are called here. */
  metrics: readonly (readonly [name: string, label: string])[];
  format(value: number): string;
}

const digits = (value: number) => String(Number(value.toPrecision(4)));

const PICTURES: readonly Picture[] = [
  { title: "Primal loss L_P", metrics: [["primalLoss", "L_P"]], format: digits },
  { title: "Dual loss L_D", metrics: [["dualLoss", "L_D"]], format: digits },
  {
    title: "PSNR on the validation images",
    unit: "dB",
    metrics: [["validationPsnr", "PSNR"]],
    format: (value) => `${value.toFixed(2)} dB`,
  },
  {
    title: "Total loss L_P + λ·L_D",
    metrics: [
      ["loss", "training"],
      ["validationLoss", "validation"],
    ],
    format: digits,
  },
  { title: "Teacher's term of the loss", metrics: [["teacherLoss", "teacher"]], format: digits },
  { title: "Learning rate", metrics: [["learningRate", "rate"]], format: (value) => value.toExponential(2) },
  { title: "Step time", unit: "ms", metrics: [["stepMs", "step"]], format: (value) => `${value.toFixed(1)} ms` },
  { title: "Norm of the gradient", metrics: [["gradientNorm", "norm"]], format: digits },
];

/** A curve for each thing that the job measures; jobs that measure nothing have none. */
export function JobCurves({ records }: { records: JobRecords }) {
  const shown = PICTURES.flatMap((picture) => {
    const lines = picture.metrics.flatMap(([name, label]): Line[] => {
      const series = records.series.get(name);
      return series && series.steps.length > 1 && varies(series) ? [{ label, series }] : [];
    });
    return lines.length > 0 ? [{ picture, lines }] : [];
  });
  if (shown.length === 0) return null;
  return (
    <Panel
      title="Curves"
      aside={<MedianStep series={records.series.get("stepMs")} left={records.progress?.secondsLeft} />}
    >
      <div className="curves">
        {shown.map(({ picture: { title, unit, format }, lines }) => (
          <Curve key={title} title={title} unit={unit} lines={lines} format={format} version={records.version} />
        ))}
      </div>
    </Panel>
  );
}

/** A dual loss that is 0 throughout belongs to a training without dual networks. */
function varies({ values }: Series): boolean {
  return values.some((value) => value !== null && value !== 0);
}

function MedianStep({ series, left }: { series: Series | undefined; left: number | undefined }) {
  const known = (series?.values ?? []).filter((value) => value !== null).toSorted((a, b) => a - b);
  if (known.length === 0) return null;
  return (
    <span className="small dimmed">
      median step {known[Math.floor(known.length / 2)].toFixed(1)} ms{left !== undefined && `, ${duration(left)} left`}
    </span>
  );
}
