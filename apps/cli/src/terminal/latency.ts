import type { Latency } from "@drc/compression";

/** A latency with all that it depends on. */
export function formatLatency(latency: Latency): string {
  const { lrWidth, lrHeight, medianMs, percentile90Ms, runs, warmUpRuns, device, threads } = latency;
  return (
    `Latency of ${lrWidth}×${lrHeight} LR pixels: median ${medianMs.toFixed(1)} ms, 90th percentile ` +
    `${percentile90Ms.toFixed(1)} ms (${runs} passes after ${warmUpRuns}, ${device}, ${threads} threads)`
  );
}
