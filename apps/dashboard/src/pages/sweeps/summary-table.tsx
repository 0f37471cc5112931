import type { PairedDifference, Spread, SweepSummaryResource, SweepSummaryRow } from "@drc/contracts";
import { count, counted, percent, short } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";
import { Tone } from "../../components/state-badge.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { budgetText, cellKey } from "./chart-data.ts";

/** A row for each budget and method: means over the seeds, and what they are worth beside others. */
export function SummaryTable({ summary }: { summary: SweepSummaryResource }) {
  const { rows, baseline, bicubic, original } = summary;
  const references = [
    original && `original ${original.quality.psnr?.toFixed(2) ?? "–"} dB`,
    bicubic && `bicubic ${bicubic.psnr?.toFixed(2) ?? "–"} dB`,
  ].filter((text) => text !== null);
  const below = rows.filter(
    ({ psnr }) => psnr.mean != null && bicubic?.psnr != null && psnr.mean < bicubic.psnr,
  ).length;
  return (
    <Panel title="By budget and method" aside={<span className="dimmed-text">{references.join(", ")}</span>} flush>
      <Table label="Means over the seeds" rows={rows} keyOf={cellKey} columns={columnsOf(baseline)} />
      {below > 0 && (
        <p className="note attention">
          {count(below)} of {counted(rows.length, "row")} {below === 1 ? "is" : "are"} worse than bicubic interpolation:
          train longer, or on more images.
        </p>
      )}
      <p className="table-note">
        ± is one standard deviation over the seeds; the JSON has that of all numbers. Differences are paired over the
        images; under 0.02 dB is a tie.
      </p>
    </Panel>
  );
}

/** In two lines: the table fits a window of 1280. */
export const MULTIPLY_ADDS = (
  <>
    Multiply-
    <br />
    adds
  </>
);

function columnsOf(baseline: string): Column<SweepSummaryRow>[] {
  return [
    { title: "Removed", as: "short", cell: ({ budget }) => budgetText(budget) },
    { title: "Method", as: "short", cell: ({ method }) => method },
    {
      title: "Seeds",
      as: "number",
      cell: ({ seeds, others }) => (others === 0 ? seeds : `${seeds} of ${seeds + others}`),
    },
    { title: "PSNR, dB", as: "number", cell: ({ psnr }) => spreadText(psnr, (value) => value.toFixed(2)) },
    {
      title: `To ${baseline}`,
      head: (
        <>
          To
          <br />
          {baseline}
        </>
      ),
      as: "short",
      cell: ({ toBaseline, method }) => (method === baseline ? "baseline" : <DifferenceText difference={toBaseline} />),
    },
    { title: "To original", as: "short", cell: ({ toOriginal }) => <DifferenceText difference={toOriginal} /> },
    { title: "SSIM", as: "number", cell: ({ ssim }) => ssim.mean?.toFixed(4) ?? "–" },
    { title: "Achieved", as: "number", cell: ({ removedShare }) => percent(removedShare.mean) },
    { title: "Parameters", as: "number", cell: ({ parameters }) => short(parameters.mean) },
    {
      title: "Multiply-adds",
      head: MULTIPLY_ADDS,
      as: "number",
      cell: (row) => short(row.multiplyAddsHr1280x720.mean),
    },
    {
      title: "Latency, ms",
      head: (
        <>
          Latency,
          <br />
          ms
        </>
      ),
      as: "number",
      cell: ({ latencyMs }) => latencyMs.mean?.toFixed(1) ?? "–",
    },
    { title: "Front of", cell: ({ pareto }) => paretoText(pareto) },
  ];
}

function spreadText({ mean, standardDeviation }: Spread, textOf: (value: number) => string): string {
  if (mean === null) return "–";
  return standardDeviation === null ? textOf(mean) : `${textOf(mean)} ± ${textOf(standardDeviation)}`;
}

const TONES = { better: "succeeded", worse: "failed", tie: "waiting", unclear: "waiting" } as const;

function DifferenceText({ difference }: { difference: PairedDifference | null }) {
  if (difference === null) return <>–</>;
  const { psnr, verdict, standardError, images } = difference;
  const error = standardError === null ? "" : ` ± ${standardError.toFixed(2)} (standard error)`;
  return (
    <span title={`${signed(psnr)} dB${error} over ${images} images`}>
      <Tone tone={TONES[verdict]}>{`${signed(psnr)} ${verdict}`}</Tone>
    </span>
  );
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

function paretoText({ parameters, multiplyAdds, latency }: SweepSummaryRow["pareto"]): string {
  const costs = [parameters && "parameters", multiplyAdds && "multiply-adds", latency && "latency"];
  if (costs.every(Boolean)) return "all three";
  return costs.filter(Boolean).join(", ") || "–";
}
