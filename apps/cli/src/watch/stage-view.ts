import type { JobMetricResource, JobResource, JobState, TrainResult } from "@drc/contracts";
import { formatSeconds } from "../terminal/numbers.ts";
import { comparesWithOriginal } from "./validation.ts";

/** A job as one line of a display. */
export interface StageView {
  label: string;
  job: JobResource;
  /** The newest value of each metric. */
  values: Readonly<Record<string, MetricValue>>;
}

export interface MetricValue {
  value: number | null;
  /** After which it was measured. */
  step: number;
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

/** Newer values in the place of older ones. */
export function latestValues(
  before: StageView["values"],
  points: readonly JobMetricResource[],
): Record<string, MetricValue> {
  const latest = { ...before };
  for (const { step, values } of points) {
    for (const [name, value] of Object.entries(values)) latest[name] = { value, step };
  }
  return latest;
}

export function formatStage({ label, job, values }: StageView, labelWidth: number): string {
  // The time left comes early: a narrow terminal cuts off the end of a line.
  const running = job.state === "running";
  const texts = metricTexts(job, values);
  const parts = [progressText(job), ...(running ? [timeText(job), ...texts] : [...texts, timeText(job)])].filter(
    (part) => part !== "",
  );
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

function metricTexts(job: JobResource, { loss, validationPsnr }: StageView["values"]): string[] {
  const texts: string[] = [];
  if (typeof loss?.value === "number") texts.push(`loss ${loss.value.toFixed(2)}`);
  const best = bestOf(job);
  const name = comparesWithOriginal(job) ? "PSNR to the original's outputs" : "PSNR";
  if (best) {
    const gainedNothing = job.kind === "fine-tune" && best.step === 0;
    texts.push(
      `best validation ${name} ${decibels(best.psnr)} at step ${best.step}` +
        `${gainedNothing ? ": fine-tuning gained nothing" : ""}`,
    );
  } else if (typeof validationPsnr?.value === "number") {
    const { value, step } = validationPsnr;
    texts.push(`validation ${name} ${decibels(value)}${step === job.progress?.step ? "" : ` at step ${step}`}`);
  }
  return texts;
}

/** Of the model that a training hands back, once it has ended. */
function bestOf({ kind, state, result }: JobResource): TrainResult["best"] {
  if (state !== "succeeded" || (kind !== "train" && kind !== "fine-tune")) return undefined;
  return (result as unknown as TrainResult | null)?.best;
}

function decibels(psnr: number | null): string {
  return psnr === null ? "infinite" : `${psnr.toFixed(2)} dB`;
}

function timeText({ state, startedAt, endedAt, progress }: JobResource): string {
  if (state === "running" && progress?.secondsLeft !== undefined) {
    return `${formatSeconds(progress.secondsLeft)} left`;
  }
  if (!startedAt || !endedAt) return "";
  return formatSeconds((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
}
