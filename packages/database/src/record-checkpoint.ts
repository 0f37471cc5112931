import { type CheckpointManifest, checkpointManifest, newId } from "@drc/contracts";
import { registerBlobs, type StoreCheck } from "./blobs.ts";
import { type Database, toJson } from "./client.ts";
import type { Lease } from "./lease.ts";
import { appendEvent } from "./transition.ts";

/**
 * Makes a checkpoint the one to resume from. All of its blobs must be in the store by now. Throws as `registerBlobs`.
 * @returns false where the lease is lost: another attempt may have gone on already.
 */
export async function recordCheckpoint(
  database: Database,
  lease: Lease,
  manifest: CheckpointManifest,
  isStored?: StoreCheck,
): Promise<boolean> {
  const { step, files } = checkpointManifest.parse(manifest);
  return database.$transaction(async (transaction) => {
    const [job] = await transaction.job.updateManyAndReturn({
      where: { id: lease.jobId, leaseToken: lease.leaseToken },
      data: { eventCount: { increment: 1 } },
    });
    if (!job) return false;
    await registerBlobs(transaction, files, isStored);
    await transaction.checkpoint.create({
      data: {
        id: newId("checkpoint"),
        jobId: job.id,
        attemptNumber: job.attemptCount,
        step,
        files: toJson(files),
      },
    });
    await appendEvent(transaction, job, "job.checkpoint", { step, attempt: job.attemptCount });
    return true;
  });
}
