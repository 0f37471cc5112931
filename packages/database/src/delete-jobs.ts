import type { Transaction } from "./client.ts";

/**
 * Deletes jobs that have ended, with all that was written of them. Their models stay, without an origin, unless
 * `withModels`. What they stored is left to the collector.
 */
export async function deleteJobs(
  transaction: Transaction,
  ids: readonly string[],
  { withModels }: { withModels: boolean },
): Promise<void> {
  const where = { jobId: { in: [...ids] } };
  if (withModels) await transaction.model.deleteMany({ where: { originJobId: { in: [...ids] } } });
  else await transaction.model.updateMany({ where: { originJobId: { in: [...ids] } }, data: { originJobId: null } });
  await transaction.jobParent.deleteMany({ where: { OR: [where, { parentId: { in: [...ids] } }] } });
  await transaction.jobEvent.deleteMany({ where });
  await transaction.jobMetric.deleteMany({ where });
  await transaction.jobLog.deleteMany({ where });
  await transaction.checkpoint.deleteMany({ where });
  await transaction.artifact.deleteMany({ where });
  await transaction.attempt.deleteMany({ where });
  await transaction.outbox.deleteMany({ where });
  await transaction.job.deleteMany({ where: { id: { in: [...ids] } } });
}
