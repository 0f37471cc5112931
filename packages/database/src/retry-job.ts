import { type DeviceClass, isFinal, type JobState, jobSpec } from "@drc/contracts";
import type { Job } from "../generated/client.ts";
import type { Transaction } from "./client.ts";
import type { ControlResult } from "./control-job.ts";
import { createJobs, newJobId } from "./create-jobs.ts";

/**
 * Makes a new job like one that failed or was cancelled; the old one stays as it ended. A stage of a compression or sweep is not
 * retried alone: the stages after it were cancelled with it.
 */
export async function retryJob(
  transaction: Transaction,
  jobId: string,
  { apiKeyId, traceparent }: { apiKeyId?: string; traceparent?: string } = {},
): Promise<ControlResult | null> {
  const old = await transaction.job.findUnique({ where: { id: jobId }, include: { parents: true } });
  if (!old) return null;
  const { parents, ...row } = old;
  const ended = isFinal(old.state as JobState) && old.state !== "succeeded";
  if (!ended || old.compressionId !== null || old.sweepId !== null) return { job: row as Job, allowed: false };
  const [job] = await createJobs(transaction, [
    {
      id: newJobId(),
      work: jobSpec.parse({ kind: old.kind, spec: old.spec }),
      name: old.name ?? undefined,
      modelName: old.modelName ?? undefined,
      labels: old.labels,
      apiKeyId,
      traceparent,
      deviceClass: old.deviceClass as DeviceClass,
      seed: old.seed,
      priority: old.priority,
      maxAttempts: old.maxAttempts,
      maxRunSeconds: old.maxRunSeconds,
      parents: parents.map((parent) => parent.parentId),
      retryOf: old.id,
    },
  ]);
  await transaction.datasetVersion.updateMany({
    where: { ingestJobId: old.id, state: "failed" },
    data: { ingestJobId: job.id, state: "ingesting", badFiles: [] },
  });
  return { job, allowed: true };
}
