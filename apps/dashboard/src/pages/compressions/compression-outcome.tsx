import type { ChannelSearchResult, CompressionDetailResource, EvaluateResult, Latency } from "@drc/contracts";
import { bytes, count, decibels, milliseconds, percent, short } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";
import { Table } from "../../components/table.tsx";
import { COST_NAMES } from "./compression-body.ts";

interface Row {
  name: string;
  parameters: number | null;
  multiplyAdds: number | null;
  sizeBytes?: number;
  latency?: Latency;
  psnr: number | null;
  ssim: number | null;
}

/** Cost and quality before and after, as far as they are known. */
export function CompressionOutcome({ compression }: { compression: CompressionDetailResource }) {
  const search = resultOf<ChannelSearchResult>(compression, "search");
  if (search === undefined) return null;
  const rows = evaluatedRows(compression) ?? costRows(search);
  const { asked, achieved } = search;
  const latency = rows.find((row) => row.latency)?.latency;
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
          { title: "Network", as: "wide", cell: ({ name }) => name },
          { title: "Parameters", as: "number", cell: ({ parameters }) => count(parameters) },
          { title: "Multiply-adds", as: "number", cell: ({ multiplyAdds }) => short(multiplyAdds) },
          { title: "File", as: "number", cell: ({ sizeBytes }) => bytes(sizeBytes) },
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
      <p className="note dimmed small">
        Multiply-adds {rows.some(({ psnr }) => psnr !== null) ? "for an image of 1280×720" : "for 96×96 LR pixels"}.
        {latency &&
          ` Latency of one forward pass of ${latency.lrWidth}×${latency.lrHeight} LR pixels on ${latency.device} with ${latency.threads} threads, over ${latency.runs} runs; a 90th percentile far above the median is that of a busy machine.`}
        {evaluatedRows(compression) === undefined &&
          " PSNR and SSIM come with the evaluations, where they were asked for."}
      </p>
    </Panel>
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
  const row = (name: string, { cost, sizeBytes, latency, latencyHr1280x720, mean }: EvaluateResult): Row => ({
    name,
    parameters: cost?.parameters ?? null,
    multiplyAdds: cost?.multiplyAddsHr1280x720 ?? null,
    sizeBytes,
    latency: large ? latencyHr1280x720 : latency,
    psnr: mean.psnr,
    ssim: mean.ssim,
  });
  return [
    row("original", original),
    row("compressed", compressed),
    ...(bicubic ? [row("bicubic interpolation", bicubic)] : []),
  ];
}

function costRows({ original, achieved }: ChannelSearchResult): Row[] {
  const row = (name: string, { parameters, multiplyAdds }: typeof original): Row => ({
    name,
    parameters,
    multiplyAdds,
    psnr: null,
    ssim: null,
  });
  return [row("original", original), row("compressed", achieved)];
}
