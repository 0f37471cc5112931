import type { Guide, PlanLatency, SearchResult } from "@drc/compression";
import { groupDigits, withPrefix } from "../terminal/numbers.ts";
import type { MeasuredChange } from "./measure-change.ts";

/** What `drc compress` prints; with `--json` as it stands. */
export interface CompressionReport {
  output: string;
  scale: number;
  /** In the order of the network's prunable groups. */
  widths: number[];
  asked: SearchResult["asked"];
  achieved: SearchResult["achieved"];
  original: SearchResult["whole"];
  /** Medians and 90th percentiles in ms of both networks in turns, after a warm-up. */
  latency: Pick<
    PlanLatency,
    | "lrHeight"
    | "lrWidth"
    | "rounds"
    | "originalMs"
    | "originalPercentile90Ms"
    | "compressedMs"
    | "compressedPercentile90Ms"
  > & { device: string; threads: number };
  guide: Guide;
  /** Whether dual networks were trained because the model had none. */
  trainedDualNetworks: boolean;
  fineTuneSteps: number;
  images: { found: number; calibration: number };
  change: MeasuredChange & {
    measuredOn: "images held out" | "the image of the calibration";
    /** Side of the central window, at most, in LR pixels. */
    windowLrPixels: number;
  };
  seed: number;
  /** Of compression and fine-tuning, without reading images and measuring. */
  seconds: number;
}

const COSTS = { parameters: "parameters", multiplyAdds: "multiply-adds", latency: "latency" } as const;

/** The part of a measurement that a report has. */
export function describeLatency(
  { plan: _widths, removedShare: _median, removedShareLow: _low, removedShareHigh: _high, ...measured }: PlanLatency,
  { device, threads }: { device: string; threads: number },
): CompressionReport["latency"] {
  return { ...measured, device, threads };
}

export function formatReport(report: CompressionReport): string {
  const { output, asked, achieved, original, latency, change, guide, seed, seconds } = report;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const window = `${change.windowLrPixels}×${change.windowLrPixels}`;
  return (
    `${output}: ${percent(achieved.removedShare)} of the ${COSTS[asked.of]} removed, ${percent(asked.remove)} asked\n` +
    `parameters                  ${groupDigits(original.parameters)} → ${groupDigits(achieved.parameters)}\n` +
    `multiply-adds, 96×96 LR     ${withPrefix(original.multiplyAdds)} → ${withPrefix(achieved.multiplyAdds)}\n` +
    `latency, ${latency.lrWidth}×${latency.lrHeight} LR            ${latency.originalMs.toFixed(1)} → ${latency.compressedMs.toFixed(1)} ms, ` +
    `90th percentile ${latency.originalPercentile90Ms.toFixed(1)} → ${latency.compressedPercentile90Ms.toFixed(1)} ms ` +
    `(${latency.device}, ${latency.threads} threads, ${latency.rounds} runs)\n` +
    `${describeChange(change)}\n` +
    `  measured on ${change.measuredOn}: ${change.images.map(({ name }) => name).join(", ")}` +
    ` (central windows, at most ${window} LR pixels)\n` +
    `${seconds.toFixed(1)} s; ${report.images.calibration} images, guide ${guide}, seed ${seed}` +
    `${report.fineTuneSteps > 0 ? `, ${report.fineTuneSteps} steps of fine-tuning` : ""}\n`
  );
}

function describeChange({ original, compressed }: MeasuredChange): string {
  const decibels = (value: number | null) => (value === null ? "identical" : `${value.toFixed(2)} dB`);
  if (!original) return `PSNR to the original's outputs  ${decibels(compressed.psnr)}`;
  const both = original.psnr !== null && compressed.psnr !== null;
  const difference = both ? ` (${signed((compressed.psnr as number) - (original.psnr as number))} dB)` : "";
  return `PSNR to the HR images       ${decibels(original.psnr)} → ${decibels(compressed.psnr)}${difference}`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
