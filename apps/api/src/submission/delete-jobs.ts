import { ApiError, isFinal, type JobState } from "@drc/contracts";
import { type Database, deleteJobs, lockInputs, type NamedInput, type Transaction } from "@drc/database";
import { namesOfModel, requireUnread } from "./delete-inputs.ts";

export interface JobDeletion {
  /** Their models are deleted with them. */
  withModels: boolean;
}

/** @throws ApiError `NOT_FOUND`, or `CONFLICT` with what stands against it. */
export async function deleteJob(database: Database, id: string, options: JobDeletion): Promise<void> {
  await database.$transaction(async (transaction) => {
    await lockInputs(transaction);
    const job = await transaction.job.findUnique({ where: { id }, select: { state: true, compressionId: true } });
    if (!job) throw new ApiError("NOT_FOUND", `There is no job ${id}.`);
    if (!isFinal(job.state as JobState)) {
      throw new ApiError("CONFLICT", `The job ${id} is ${job.state}. Cancel it first: POST /v1/jobs/${id}/cancel.`);
    }
    if (job.compressionId !== null) {
      throw new ApiError(
        "CONFLICT",
        `The job ${id} is a stage of a compression. Delete that: DELETE /v1/compressions/${job.compressionId}.`,
      );
    }
    await requireUnreadJobs(transaction, `The job ${id}`, [id], options);
    await deleteJobs(transaction, [id], options);
  });
}

/** @throws ApiError `NOT_FOUND`, or `CONFLICT` with what stands against it. */
export async function deleteCompression(database: Database, id: string, options: JobDeletion): Promise<void> {
  await database.$transaction(async (transaction) => {
    await lockInputs(transaction);
    const compression = await transaction.compression.findUnique({
      where: { id },
      select: { jobs: { select: { id: true, kind: true, state: true } } },
    });
    if (!compression) throw new ApiError("NOT_FOUND", `There is no compression ${id}.`);
    const unfinished = compression.jobs.filter(({ state }) => !isFinal(state as JobState));
    if (unfinished.length > 0) {
      const named = unfinished.map((job) => `${job.id} (${job.kind}, ${job.state})`).join(", ");
      throw new ApiError(
        "CONFLICT",
        `The compression ${id} has jobs that have not ended: ${named}. Cancel it first: POST /v1/compressions/${id}/cancel.`,
      );
    }
    const ids = compression.jobs.map((job) => job.id);
    await requireUnreadJobs(transaction, `The compression ${id}`, ids, options);
    await deleteJobs(transaction, ids, options);
    await transaction.compression.delete({ where: { id } });
  });
}

async function requireUnreadJobs(
  transaction: Transaction,
  what: string,
  ids: readonly string[],
  { withModels }: JobDeletion,
): Promise<void> {
  const inputs: NamedInput[] = ids.map((id) => ({ fromJob: id }));
  if (withModels) {
    const models = await transaction.model.findMany({
      where: { originJobId: { in: [...ids] } },
      select: { id: true, originJobId: true, role: true },
    });
    inputs.push(...models.flatMap(namesOfModel));
  }
  await requireUnread(transaction, what, inputs);
}
