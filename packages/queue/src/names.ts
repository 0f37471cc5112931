import { type deviceClass, jobId } from "@drc/contracts";
import { z } from "zod";

/** Before all of the product's keys in Redis. */
export const QUEUE_PREFIX = "drc";

/** The queue of the jobs that need this class of device. */
export function queueName(device: z.infer<typeof deviceClass>): string {
  return `jobs-${device}`;
}

/** What an entry of a queue carries; Postgres knows the rest. */
export const entryPayload = z.strictObject({ jobId, dispatchNumber: z.int().min(1) });
export type EntryPayload = z.infer<typeof entryPayload>;

/**
 * An entry's identifier in BullMQ. BullMQ ignores an entry whose identifier it still holds, so delivering twice does
 * no harm; a job that is queued again has a new dispatch number and thus a new entry.
 */
export function entryId({ jobId, dispatchNumber }: EntryPayload): string {
  return `${jobId}-${dispatchNumber}`;
}
