import { z } from "zod";

export const JOB_KINDS = ["ingest", "train", "channel-search", "prune", "fine-tune", "evaluate", "export"] as const;

export const jobKind = z.enum(JOB_KINDS);
export type JobKind = z.infer<typeof jobKind>;

/** What a job needs to run on; there is one queue for each. */
export const DEVICE_CLASSES = ["none", "cpu", "gpu"] as const;

export const deviceClass = z.enum(DEVICE_CLASSES);
export type DeviceClass = z.infer<typeof deviceClass>;

/** A device on which networks run. */
export const computeDevice = z.enum(["cpu", "gpu"]);
export type ComputeDevice = z.infer<typeof computeDevice>;

/** Kinds that need no device and must not hold a slot that has one. */
const DEVICELESS: ReadonlySet<JobKind> = new Set(["ingest", "export"]);

export function deviceClassOf(kind: JobKind, device: ComputeDevice): DeviceClass {
  return DEVICELESS.has(kind) ? "none" : device;
}
