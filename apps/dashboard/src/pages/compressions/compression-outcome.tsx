import type {
  ChannelSearchResult,
  CompressionDetailResource,
  EvaluateResult,
  Latency,
  ModelCost,
  PruneResult,
} from "@drc/contracts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { BelowBicubic } from "../../components/below-bicubic.tsx";
import { bytes, count, counted, decibels, milliseconds, percent, short } from "../../components/format.ts";
import { BUSY_MACHINE } from "../../components/latency.ts";
import { Panel } from "../../components/panel.tsx";
import { PRIMAL_FILE } from "../../components/primal-file.tsx";
import { Table } from "../../components/table.tsx";
import { COST_NAMES } from "./compression-body.ts";

interface Row {
  name: string;
  /** Of its page, where there is one. */
  modelId: string | null;
  parameters: number | null;
  multiplyAdds: number | null;
  /** Counted for 96×96 LR pixels: what an image of 1280×720 costs is not known yet. */
  isSmall?: boolean;
  sizeBytes?: number;
  latency?: Latency;
  psnr: number | null;
  ssim: number | null;
}

const BICUBIC = "bicubic interpolation";

/** Cost and quality before and after, as far as they are known. */
export function CompressionOutcome({ compression }: { compression: CompressionDetailResource }) {
  const search = resultOf<ChannelSearchResult>(compression, "search");
  const evaluated = evaluatedRows(compression);
  const originalId = compression.models.original;
  // A search counts at 96×96 alone; the model says what it costs at 1280×720.
  const original = useQuery({
    queryKey: ["models", originalId],
    queryFn: ({ signal }) => client.models.get(originalId ?? "", { signal }),
    enabled: search !== undefined && evaluated === undefined && originalId !== null,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  if (search === undefined) return null;
  const rows = evaluated ?? costRows(compression, search, original.data?.cost);
  const { asked, achieved } = search;
  const latency = rows.find((row) => row.latency)?.latency;
  const psnrOf = (name: string) => rows.find((row) => row.name === name)?.psnr;
  return (
    <Panel
      title="Before and after"
      flush
      aside={
        <span className="small">
          {percent(achieved.removedShare)} of the {COST_NAMES[asked.of]} removed, {percent(asked.remove)} asked for
          {!achieved.met && <span className="attention">: not met</span>}
        </span>
      }
    >
      <Table
        label="Before and after"
        rows={rows}
        keyOf={({ name }) => name}
        columns={[
          { title: "Network", as: "wide", cell: (row) => <NetworkName {...row} /> },
          { title: "Parameters", as: "number", cell: ({ parameters }) => count(parameters) },
          {
            title: "Multiply-adds",
            as: "number",
            cell: ({ multiplyAdds, isSmall }) => `${short(multiplyAdds)}${isSmall ? " (96×96 LR)" : ""}`,
          },
          { title: "File", head: PRIMAL_FILE, as: "number", cell: ({ sizeBytes }) => bytes(sizeBytes) },
          {
            title: "Latency, median",
            as: "number",
            cell: ({ latency: one }) => milliseconds(one?.medianMs),
          },
          {
            title: "90th percentile",
            as: "number",
            cell: ({ latency: one }) => milliseconds(one?.percentile90Ms),
          },
          { title: "PSNR", as: "number", cell: ({ psnr }) => decibels(psnr) },
          { title: "SSIM", as: "number", cell: ({ ssim }) => ssim?.toFixed(4) ?? "–" },
        ]}
      />
      <BelowBicubic
        networks={[
          { name: "the original", psnr: psnrOf("original") },
          { name: "the compressed network", psnr: psnrOf("compressed") },
        ]}
        bicubic={psnrOf(BICUBIC)}
      />
      <p className="note dimmed small">
        Multiply-adds {rows.some(({ isSmall }) => isSmall) ? "for 96×96 LR pixels" : "for an image of 1280×720"}.
        {latency &&
          ` Latency of one forward pass of ${latency.lrWidth}×${latency.lrHeight} LR pixels on ${latency.device} with ${counted(latency.threads, "thread")}, over ${counted(latency.runs, "run")}; a ${BUSY_MACHINE}.`}
        {evaluated === undefined && " PSNR and SSIM come with the evaluations, where they were asked for."}
      </p>
    </Panel>
  );
}

function NetworkName({ name, modelId }: Row) {
  if (modelId === null) return <>{name}</>;
  return (
    <Link to="/models/$modelId" params={{ modelId }}>
      {name}
    </Link>
  );
}

function resultOf<T>({ jobs, stages }: CompressionDetailResource, stage: keyof typeof stages): T | undefined {
  const job = jobs.find(({ id }) => id === stages[stage]);
  return job?.state === "succeeded" ? (job.result as T) : undefined;
}

/** Undefined until both networks are evaluated. */
function evaluatedRows(compression: CompressionDetailResource): Row[] | undefined {
  const original = resultOf<EvaluateResult>(compression, "evaluateOriginal");
  const compressed = resultOf<EvaluateResult>(compression, "evaluateCompressed");
  const bicubic = resultOf<EvaluateResult>(compression, "evaluateBicubic");
  if (!original || !compressed) return undefined;
  // Latencies are told only where both networks have them at one size.
  const large = original.latencyHr1280x720 !== undefined && compressed.latencyHr1280x720 !== undefined;
  const row = (
    name: string,
    modelId: string | null,
    { cost, sizeBytes, latency, latencyHr1280x720, mean }: EvaluateResult,
  ): Row => ({
    name,
    modelId,
    parameters: cost?.parameters ?? null,
    multiplyAdds: cost?.multiplyAddsHr1280x720 ?? null,
    sizeBytes,
    latency: large ? latencyHr1280x720 : latency,
    psnr: mean.psnr,
    ssim: mean.ssim,
  });
  return [
    row("original", compression.models.original, original),
    row("compressed", compression.models.compressed, compressed),
    ...(bicubic ? [row(BICUBIC, null, bicubic)] : []),
  ];
}

/** Both networks at one size: at 1280×720 as soon as the cost of both is known there. */
function costRows(
  compression: CompressionDetailResource,
  { original, achieved }: ChannelSearchResult,
  originalCost: ModelCost | undefined,
): Row[] {
  const { models } = compression;
  const compressedCost = resultOf<PruneResult>(compression, "prune")?.cost;
  const isSmall = originalCost === undefined || compressedCost === undefined;
  const row = (
    name: string,
    modelId: string | null,
    { parameters, multiplyAdds }: typeof original,
    cost: ModelCost | undefined,
  ): Row => ({
    name,
    modelId,
    parameters,
    multiplyAdds: isSmall || cost === undefined ? multiplyAdds : cost.multiplyAddsHr1280x720,
    isSmall,
    psnr: null,
    ssim: null,
  });
  return [
    row("original", models.original, original, originalCost),
    row("compressed", models.compressed, achieved, compressedCost),
  ];
}
