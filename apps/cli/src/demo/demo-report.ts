import type { CompressionDetailResource, EvaluateResult } from "@drc/contracts";
import { CliError } from "../cli-error.ts";
import { formatBytes, groupDigits, withPrefix } from "../terminal/numbers.ts";
import { formatTable } from "../terminal/table.ts";

/** One row of the table: a network, or bicubic interpolation, on the photographs kept out of the training. */
export interface DemoRow {
  name: "bicubic" | "original" | "compressed";
  parameters: number | null;
  /** For 1280×720 HR pixels. */
  multiplyAdds: number | null;
  sizeBytes: number | null;
  medianLatencyMs: number | null;
  psnr: number | null;
  ssim: number | null;
}

export interface DemoReport {
  rows: DemoRow[];
  photographs: { name: string; psnr: Record<DemoRow["name"], number | null> }[];
  /** What a demo has to show and does not; empty when all is well. */
  shortcomings: string[];
  latencyOf: { lrWidth: number; lrHeight: number; device: string; threads: number };
}

interface MeasuredLatency {
  medianMs: number;
  lrWidth: number;
  lrHeight: number;
  device: string;
  threads: number;
}

/** Reads the three evaluations of a compression that has succeeded. */
export function demoReport({ jobs, stages }: CompressionDetailResource): DemoReport {
  const resultOf = (jobId: string): EvaluateResult => {
    const job = jobs.find(({ id }) => id === jobId);
    if (job?.state !== "succeeded") throw new CliError(`The evaluation ${jobId} has no result.`);
    return job.result as unknown as EvaluateResult;
  };
  const results = {
    bicubic: resultOf(stages.evaluateBicubic),
    original: resultOf(stages.evaluateOriginal),
    compressed: resultOf(stages.evaluateCompressed),
  };
  const names = ["bicubic", "original", "compressed"] as const;
  const rows = names.map((name): DemoRow => {
    const { cost, sizeBytes, latency, mean } = results[name];
    return {
      name,
      parameters: cost?.parameters ?? null,
      multiplyAdds: cost?.multiplyAddsHr1280x720 ?? null,
      sizeBytes: sizeBytes ?? null,
      medianLatencyMs: (latency as MeasuredLatency | undefined)?.medianMs ?? null,
      psnr: mean.psnr,
      ssim: mean.ssim,
    };
  });
  const photographs = results.original.images.map(({ name }) => {
    const psnrOf = (row: DemoRow["name"]) => results[row].images.find((image) => image.name === name)?.psnr ?? null;
    return {
      name,
      psnr: { bicubic: psnrOf("bicubic"), original: psnrOf("original"), compressed: psnrOf("compressed") },
    };
  });
  const { lrWidth, lrHeight, device, threads } = results.original.latency as unknown as MeasuredLatency;
  return { rows, photographs, shortcomings: findShortcomings(rows), latencyOf: { lrWidth, lrHeight, device, threads } };
}

function findShortcomings([bicubic, original, compressed]: readonly DemoRow[]): string[] {
  const found: string[] = [];
  for (const network of [original, compressed]) {
    if ((network.psnr ?? Infinity) <= (bicubic.psnr ?? Infinity)) {
      found.push(`The ${network.name} network does not beat bicubic interpolation in PSNR.`);
    }
  }
  const kept = (compressed.parameters as number) / (original.parameters as number);
  if (kept > 0.5) {
    found.push(`The compressed network has ${percent(kept)} of the parameters, more than the half that was asked for.`);
  }
  if ((compressed.medianLatencyMs as number) >= (original.medianLatencyMs as number)) {
    found.push("The compressed network is not faster than the original on this machine, in this run.");
  }
  return found;
}

/** The report as text. */
export function formatReport({ rows, photographs, shortcomings, latencyOf }: DemoReport): string {
  const right = "right" as const;
  const or = (value: number | null, format: (value: number) => string) => (value === null ? "–" : format(value));
  const table = formatTable(
    [
      { title: "×4 on held-out photographs" },
      { title: "parameters", align: right },
      { title: "multiply-adds", align: right },
      { title: "file", align: right },
      { title: "latency", align: right },
      { title: "PSNR", align: right },
      { title: "SSIM", align: right },
    ],
    rows.map((row) => [
      row.name,
      or(row.parameters, groupDigits),
      or(row.multiplyAdds, withPrefix),
      or(row.sizeBytes, formatBytes),
      or(row.medianLatencyMs, (ms) => `${ms.toFixed(1)} ms`),
      or(row.psnr, (psnr) => `${psnr.toFixed(2)} dB`),
      or(row.ssim, (ssim) => ssim.toFixed(4)),
    ]),
  );
  const perPhotograph = formatTable(
    [{ title: "PSNR of each, dB" }, ...rows.map(({ name }) => ({ title: name, align: right }))],
    photographs.map(({ name, psnr }) => [name, ...rows.map((row) => or(psnr[row.name], (value) => value.toFixed(2)))]),
  );
  const { lrWidth, lrHeight, device, threads } = latencyOf;
  const notes =
    `Multiply-adds: for a picture of 1280×720. File: without the dual networks, which only training needs.\n` +
    `Latency: median of one forward pass of ${lrWidth}×${lrHeight} pixels, on ${device} with ${threads} threads.`;
  return [table, perPhotograph, notes, formatVerdict(rows, shortcomings)].join("\n\n");
}

function formatVerdict([bicubic, original, compressed]: readonly DemoRow[], shortcomings: readonly string[]): string {
  if (shortcomings.length > 0) return shortcomings.join("\n");
  const kept = (compressed.parameters as number) / (original.parameters as number);
  const faster = (original.medianLatencyMs as number) / (compressed.medianLatencyMs as number);
  const gain = (row: DemoRow) => (row.psnr as number) - (bicubic.psnr as number);
  return (
    `The compressed network has ${percent(1 - kept)} fewer parameters and is ${faster.toFixed(2)} times as fast. ` +
    `Over bicubic interpolation it gains ${gain(compressed).toFixed(2)} dB; the original gains ${gain(original).toFixed(2)} dB.`
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
