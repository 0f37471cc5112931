import type { JobMetricResource, JobResource, JobState } from "@drc/contracts";
import { formatSeconds } from "../terminal/numbers.ts";

/** A job as one line of a display. */
export interface StageView {
  label: string;
  job: JobResource;
  /** The newest value of each metric. */
  values: Readonly<Record<string, number | null>>;
}

const MARKS: Record<JobState, string> = {
  blocked: "·",
  queued: "·",
  running: "▸",
  pausing: "▸",
  paused: "‖",
  cancelling: "▸",
  succeeded: "✓",
  failed: "✗",
  cancelled: "✗",
};

/** Metrics for people: their name, digits and unit. */
const SHOWN_METRICS: readonly [name: string, label: string, digits: number, unit: string][] = [
  ["loss", "loss", 2, ""],
  ["validationPsnr", "PSNR", 2, " dB"],
];

/** Newer values in the place of older ones. */
export function latestValues(
  before: StageView["values"],
  points: readonly JobMetricResource[],
): Record<string, number | null> {
  return Object.assign({ ...before }, ...points.map(({ values }) => values));
}

export function formatStage({ label, job, values }: StageView, labelWidth: number): string {
  const parts = [progressText(job), ...metricTexts(values), timeText(job)].filter((part) => part !== "");
  return `${MARKS[job.state]} ${label.padEnd(labelWidth)}  ${parts.join("  ")}`.trimEnd();
}

function progressText({ state, progress, error, stateReason, runAfter, waitsFor }: JobResource): string {
  switch (state) {
    case "blocked":
      return "waits for the stages before it";
    case "queued":
      return runAfter ? `will be tried again (${stateReason})` : (waitsFor ?? "waits for a slot");
    case "failed":
      return error ? `${error.code}: ${error.detail}` : "failed";
    case "cancelled":
      return stateReason ? `cancelled: ${stateReason}` : "cancelled";
    case "succeeded":
      return progress ? `${progress.of} of ${progress.of}` : "";
    case "paused":
    case "pausing":
    case "cancelling":
      return progress ? `${state} at ${progress.step} of ${progress.of}` : state;
    case "running":
      return progress ? `${progress.step} of ${progress.of}` : "starts";
  }
}

function metricTexts(values: StageView["values"]): string[] {
  return SHOWN_METRICS.flatMap(([name, label, digits, unit]) => {
    const value = values[name];
    return typeof value === "number" ? [`${label} ${value.toFixed(digits)}${unit}`] : [];
  });
}

function timeText({ state, startedAt, endedAt, progress }: JobResource): string {
  if (state === "running" && progress?.secondsLeft !== undefined) {
    return `${formatSeconds(progress.secondsLeft)} left`;
  }
  if (!startedAt || !endedAt) return "";
  return formatSeconds((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
}
