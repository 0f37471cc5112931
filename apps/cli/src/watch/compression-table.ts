import type { CompressionDetailResource, EvaluateResult, Latency } from "@drc/contracts";
import { CliError } from "../cli-error.ts";
import { formatBytes, groupDigits, withPrefix } from "../terminal/numbers.ts";
import { formatTable } from "../terminal/table.ts";

/** One row of the table: a network, or bicubic interpolation, on the images of the evaluation. */
export interface EvaluatedRow {
  name: "bicubic" | "original" | "compressed";
  parameters: number | null;
  /** For 1280×720 HR pixels. */
  multiplyAdds: number | null;
  sizeBytes: number | null;
  medianLatencyMs: number | null;
  percentile90LatencyMs: number | null;
  psnr: number | null;
  ssim: number | null;
}

export type Evaluations = Record<EvaluatedRow["name"], EvaluateResult>;

const NAMES = ["bicubic", "original", "compressed"] as const;

/** The three evaluations of a compression that has succeeded and was asked for them. */
export function evaluationsOf({ jobs, stages }: CompressionDetailResource): Evaluations {
  const resultOf = (jobId: string | undefined): EvaluateResult => {
    const job = jobs.find(({ id }) => id === jobId);
    if (job?.state !== "succeeded") throw new CliError(`The evaluation ${jobId} has no result.`);
    return job.result as unknown as EvaluateResult;
  };
  return {
    bicubic: resultOf(stages.evaluateBicubic),
    original: resultOf(stages.evaluateOriginal),
    compressed: resultOf(stages.evaluateCompressed),
  };
}

export function evaluatedRows(evaluations: Evaluations): EvaluatedRow[] {
  const latencies = latenciesOf(evaluations);
  return NAMES.map((name) => {
    const { cost, sizeBytes, mean } = evaluations[name];
    return {
      name,
      parameters: cost?.parameters ?? null,
      multiplyAdds: cost?.multiplyAddsHr1280x720 ?? null,
      sizeBytes: sizeBytes ?? null,
      medianLatencyMs: latencies[name]?.medianMs ?? null,
      percentile90LatencyMs: latencies[name]?.percentile90Ms ?? null,
      psnr: mean.psnr,
      ssim: mean.ssim,
    };
  });
}

/** Latencies that can be compared: for an SR image of 1280×720 where both networks have one, else at the images' size. */
export function latenciesOf({ original, compressed }: Evaluations): Partial<Record<EvaluatedRow["name"], Latency>> {
  return original.latencyHr1280x720 && compressed.latencyHr1280x720
    ? { original: original.latencyHr1280x720, compressed: compressed.latencyHr1280x720 }
    : { original: original.latency, compressed: compressed.latency };
}

export function formatRows(title: string, rows: readonly EvaluatedRow[]): string {
  const right = "right" as const;
  return formatTable(
    [
      { title },
      { title: "parameters", align: right },
      { title: "multiply-adds", align: right },
      { title: "file", align: right },
      { title: "latency", align: right },
      { title: "90th percentile", align: right },
      { title: "PSNR", align: right },
      { title: "SSIM", align: right },
    ],
    rows.map((row) => [
      row.name,
      orDash(row.parameters, groupDigits),
      orDash(row.multiplyAdds, withPrefix),
      orDash(row.sizeBytes, formatBytes),
      orDash(row.medianLatencyMs, (ms) => `${ms.toFixed(1)} ms`),
      orDash(row.percentile90LatencyMs, (ms) => `${ms.toFixed(1)} ms`),
      orDash(row.psnr, (psnr) => `${psnr.toFixed(2)} dB`),
      orDash(row.ssim, (ssim) => ssim.toFixed(4)),
    ]),
  );
}

/** What the columns of costs count. */
export function formatCostNotes({ lrWidth, lrHeight, runs, device, threads }: Latency): string {
  return (
    `Multiply-adds: for a picture of 1280×720. File: without the dual networks, which only training needs.\n` +
    `Latency: median and 90th percentile of one forward pass of ${lrWidth}×${lrHeight} pixels, after a warm-up, over ` +
    `${runs} passes on ${device} with ${threads} threads.`
  );
}

export function orDash(value: number | null, format: (value: number) => string): string {
  return value === null ? "–" : format(value);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
