/** What `GET /v1/overview` tells: the pool at one moment. */
import { z } from "zod";
import { jobError } from "./errors.ts";
import { jobId } from "./identifiers.ts";
import { deviceClass, jobKind } from "./job-kinds.ts";
import { jobState } from "./job-states.ts";
import { progress } from "./results.ts";

const timestamp = z.iso.datetime();
const count = z.int().min(0);
const name = z.string().nullable();

/** Within so many minutes jobs that ended are counted, in spans of so many. */
export const THROUGHPUT_MINUTES = 60;
export const THROUGHPUT_SPAN_MINUTES = 5;

/** A job that a worker has. */
export const runningJob = z.strictObject({
  id: jobId,
  kind: jobKind,
  name,
  state: jobState,
  /** Of the attempt. */
  startedAt: timestamp,
  progress: progress.nullable(),
});
export type RunningJob = z.infer<typeof runningJob>;

export const slotResource = z.strictObject({
  deviceClass,
  device: z.string(),
  /** Whether the native backend computes on it; null where it needs none. */
  backend: z.enum(["trying", "works", "failed"]).nullable(),
  /** What it is doing; null where it is idle. */
  job: runningJob.nullable(),
});
export type SlotResource = z.infer<typeof slotResource>;

/** How busy a worker's machine is, at its last heartbeat. */
export const workerUsage = z.strictObject({
  /** Of the time of all processors, 0 to 1. */
  cpuShare: z.number().min(0).max(1),
  memoryUsedBytes: count,
  memoryTotalBytes: count,
  /** Its GPUs, as nvidia-smi numbers them; empty where it does not tell. */
  gpus: z.array(
    z.strictObject({
      index: z.string(),
      /** Share of the last moments in which it computed, 0 to 1; null where nvidia-smi does not tell. */
      busyShare: z.number().min(0).max(1).nullable(),
      usedBytes: count,
      totalBytes: count,
    }),
  ),
});
export type WorkerUsage = z.infer<typeof workerUsage>;

export const overviewResource = z.strictObject({
  /** When all of this was so. */
  at: timestamp,
  /** Workers that were heard of in the last minute. */
  workers: z.array(
    z.strictObject({
      id: z.string(),
      host: z.string(),
      processId: z.int(),
      heartbeatAt: timestamp,
      /** Null until its second heartbeat. */
      usage: workerUsage.nullable(),
      slots: z.array(slotResource),
    }),
  ),
  /** Jobs whose worker is not heard of any more; they are tried again when its lease has run out. */
  lost: z.array(runningJob),
  /** Jobs that have not ended, by state. */
  unfinished: z.array(z.strictObject({ state: jobState, jobs: count })),
  /** What is queued, by kind. */
  queue: z.array(
    z.strictObject({
      kind: jobKind,
      deviceClass,
      jobs: count,
      /** How long the one that has waited longest has been queued. */
      oldestSeconds: z.number().min(0),
      /** What is missing for them to start, beside their turn; null where nothing is. */
      waitsFor: z.string().nullable(),
    }),
  ),
  /** The newest failures, by when they failed. */
  failures: z.array(z.strictObject({ id: jobId, kind: jobKind, name, endedAt: timestamp, error: jobError.nullable() })),
  /** Jobs that ended within the last hour, in spans of five minutes from old to new. */
  throughput: z.array(z.strictObject({ from: timestamp, succeeded: count, failed: count, cancelled: count })),
});
export type OverviewResource = z.infer<typeof overviewResource>;
