import {
  type MeasuredCost,
  SWEEP_POINT_STATES,
  type SweepDetailResource,
  type SweepPointResource,
  type SweepStage,
} from "@drc/contracts";
import { Group, NativeSelect } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { count, duration, percent, short } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";
import { Bar } from "../../components/progress-bar.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { budgetText } from "./chart-data.ts";
import { STAGE_NAMES } from "./point-job.ts";
import { shownState } from "./shown-state.ts";
import { MULTIPLY_ADDS } from "./summary-table.tsx";
import { SweepStateBadge } from "./sweep-state.tsx";

/** Each point: what it is, how far it is or why it is not further, what it measured, and its jobs. */
export function PointsTable({ sweep: { points, original } }: { sweep: SweepDetailResource }) {
  const { method, state } = useSearch({ from: "/signed-in/sweeps/$sweepId" });
  const navigate = useNavigate({ from: "/sweeps/$sweepId" });
  const choose = (changes: { method?: string; state?: string }) =>
    navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const columns = useMemo(() => columnsOf(original.modelId), [original.modelId]);
  const methods = [...new Set(points.map((point) => point.method))];
  const rows = points.filter(
    (point) =>
      (method === undefined || point.method === method) && (state === undefined || shownState(point) === state),
  );
  return (
    <Panel
      title={`Points (${rows.length === points.length ? points.length : `${rows.length} of ${points.length}`})`}
      flush
      aside={
        <Group gap="xs">
          <NativeSelect
            aria-label="Method"
            size="xs"
            value={method ?? ""}
            data={[{ value: "", label: "All methods" }, ...methods]}
            onChange={(event) => choose({ method: event.currentTarget.value || undefined })}
          />
          <NativeSelect
            aria-label="State of points"
            size="xs"
            value={state ?? ""}
            data={[{ value: "", label: "Any state" }, ...SWEEP_POINT_STATES]}
            onChange={(event) => choose({ state: event.currentTarget.value || undefined })}
          />
        </Group>
      }
    >
      <Table
        label="Points"
        rows={rows}
        keyOf={({ number }) => String(number)}
        columns={columns}
        empty="No point is like that."
      />
    </Panel>
  );
}

const LATENCY = (
  <>
    Latency, ms
    <br />
    (90th perc.)
  </>
);

/** Parameters are left out: the share that was removed says it, and the means and the CSV have them. */
const columnsOf = (original: string | null): Column<SweepPointResource>[] => [
  { title: "#", as: "number", cell: ({ number }) => number },
  { title: "To remove", as: "short", cell: ({ budget }) => budgetText(budget) },
  { title: "Method", as: "short", cell: ({ method }) => method },
  { title: "Seed", as: "number", cell: ({ seed }) => seed },
  { title: "State", as: "short", cell: (point) => <SweepStateBadge state={shownState(point)} /> },
  {
    title: "PSNR, dB",
    head: (
      <>
        PSNR,
        <br />
        dB
      </>
    ),
    as: "number",
    cell: ({ quality }) => quality.compressed?.psnr?.toFixed(2) ?? "–",
  },
  {
    title: "Pruned, dB",
    head: (
      <>
        Pruned,
        <br />
        dB
      </>
    ),
    as: "number",
    cell: ({ quality }) => quality.pruned?.psnr?.toFixed(2) ?? "–",
  },
  { title: "Removed", as: "number", cell: ({ removed }) => <RemovedText removed={removed} /> },
  {
    title: "Multiply-adds",
    head: MULTIPLY_ADDS,
    as: "number",
    cell: ({ cost }) => short(cost?.multiplyAddsHr1280x720),
  },
  {
    title: "Latency, ms (90th percentile)",
    head: LATENCY,
    as: "number",
    cell: ({ cost }) => latencyText(cost?.latency),
  },
  {
    title: "Its network and jobs",
    as: "wide",
    cell: (point) => (
      <>
        <PointStatus point={point} />
        <PointLinks point={point} original={original} />
      </>
    ),
  },
];

/** A busy machine shows in how far the two are apart. */
function latencyText(latency: MeasuredCost["latency"] | undefined): string {
  if (!latency) return "–";
  return `${latency.medianMs.toFixed(1)} (${latency.percentile90Ms.toFixed(1)})`;
}

function RemovedText({ removed }: { removed: SweepPointResource["removed"] }) {
  if (removed === null) return <>–</>;
  return <>{`${percent(removed.achieved)}${removed.met ? "" : " (too little)"}`}</>;
}

function PointStatus({ point }: { point: SweepPointResource }) {
  const { progress, error, stateReason, number } = point;
  if (error !== null) {
    return (
      <details className="point-error">
        <summary>{error.title}</summary>
        {error.detail}
      </details>
    );
  }
  if (progress !== null) {
    const { stage, jobId, step, of, secondsLeft, stagesEnded, stages } = progress;
    const name = STAGE_NAMES[stage as SweepStage] ?? stage;
    return (
      <div className="point-progress">
        {shownState(point) === "waiting" && <span>waits for what all points share:</span>}
        <Link to="/jobs/$jobId" params={{ jobId }}>
          {name}
        </Link>
        {of > 0 && <Bar label={`Point ${number}: ${name}`} done={step} of={of} />}
        <span>
          {of > 0 && `${count(step)} of ${count(of)}`}
          {secondsLeft !== null && `, ${duration(secondsLeft)} left`}
          {of > 0 && " · "}
          {stagesEnded} of {stages} stages ended
        </span>
      </div>
    );
  }
  return stateReason === null ? null : <div>{stateReason}</div>;
}

interface PointLinksProps {
  point: SweepPointResource;
  /** The network before; null until it is trained. */
  original: string | null;
}

/** Its network, and its jobs but for those that all points share: of the original and of bicubic interpolation. */
function PointLinks({ point: { stages, number, modelId }, original }: PointLinksProps) {
  const own = (Object.keys(STAGE_NAMES) as SweepStage[]).flatMap((stage) => {
    const jobId = stages[stage];
    return jobId === undefined || stage === "evaluateBicubic" || stage === "evaluateOriginal" ? [] : [{ stage, jobId }];
  });
  return (
    <span className="stage-links">
      {modelId !== null && (
        <Link to="/models/$modelId" params={{ modelId }} aria-label={`Point ${number}: its network`}>
          network
        </Link>
      )}
      {modelId !== null && original !== null && (
        <Link
          to="/compare"
          search={{ originalModel: original, compressedModel: modelId }}
          aria-label={`Point ${number}: compare with the original`}
        >
          compare
        </Link>
      )}
      {own.map(({ stage, jobId }) => (
        <Link key={stage} to="/jobs/$jobId" params={{ jobId }} aria-label={`Point ${number}: ${STAGE_NAMES[stage]}`}>
          {STAGE_NAMES[stage]}
        </Link>
      ))}
    </span>
  );
}
