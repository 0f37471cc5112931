import { ApiError, isFinal, type JobState } from "@drc/contracts";
import { type Database, deleteJobs, type NamedInput, type Transaction } from "@drc/database";
import { deleteUnread, namesOfModel } from "./delete-inputs.ts";

export interface JobDeletion {
  /** Their models are deleted with them. */
  withModels: boolean;
}

/** @throws ApiError `NOT_FOUND`, or `CONFLICT` with what stands against it. */
export function deleteJob(database: Database, id: string, options: JobDeletion): Promise<void> {
  return deleteUnread(database, {
    what: `The job ${id}`,
    async inputs(transaction) {
      await requireEndedJob(transaction, id);
      return namesOfJobs(transaction, [id], options);
    },
    async remove(transaction) {
      await deleteJobs(transaction, [id], options);
    },
  });
}

/** @throws ApiError `NOT_FOUND`, or `CONFLICT` with what stands against it. */
export function deleteCompression(database: Database, id: string, options: JobDeletion): Promise<void> {
  return deleteUnread(database, {
    what: `The compression ${id}`,
    inputs: async (transaction) => namesOfJobs(transaction, await requireEndedStages(transaction, id), options),
    async remove(transaction) {
      await deleteJobs(transaction, await requireEndedStages(transaction, id), options);
      await transaction.compression.delete({ where: { id } });
    },
  });
}

/** @throws ApiError `NOT_FOUND`, or `CONFLICT` with what stands against it. */
export function deleteSweep(database: Database, id: string, options: JobDeletion): Promise<void> {
  return deleteUnread(database, {
    what: `The sweep ${id}`,
    inputs: async (transaction) => namesOfJobs(transaction, await requireEndedSweep(transaction, id), options),
    async remove(transaction) {
      await deleteJobs(transaction, await requireEndedSweep(transaction, id), options);
      await transaction.sweep.delete({ where: { id } });
    },
  });
}

async function requireEndedJob(transaction: Transaction, id: string): Promise<void> {
  const job = await transaction.job.findUnique({
    where: { id },
    select: { state: true, compressionId: true, sweepId: true },
  });
  if (!job) throw new ApiError("NOT_FOUND", `There is no job ${id}.`);
  if (!isFinal(job.state as JobState)) {
    throw new ApiError("CONFLICT", `The job ${id} is ${job.state}. Cancel it first: POST /v1/jobs/${id}/cancel.`);
  }
  const { compressionId, sweepId } = job;
  if (compressionId === null && sweepId === null) return;
  const [group, path] =
    compressionId === null ? ["sweep", `/v1/sweeps/${sweepId}`] : ["compression", `/v1/compressions/${compressionId}`];
  throw new ApiError("CONFLICT", `The job ${id} is a stage of a ${group}. Delete that: DELETE ${path}.`);
}

/** @returns the compression's jobs. */
async function requireEndedStages(transaction: Transaction, id: string): Promise<string[]> {
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
  return compression.jobs.map((job) => job.id);
}

/** @returns the sweep's jobs. */
async function requireEndedSweep(transaction: Transaction, id: string): Promise<string[]> {
  const sweep = await transaction.sweep.findUnique({
    where: { id },
    select: { jobs: { select: { id: true, state: true } } },
  });
  if (!sweep) throw new ApiError("NOT_FOUND", `There is no sweep ${id}.`);
  const unfinished = sweep.jobs.filter(({ state }) => !isFinal(state as JobState));
  if (unfinished.length > 0) {
    throw new ApiError(
      "CONFLICT",
      `The sweep ${id} has ${unfinished.length} jobs that have not ended. Cancel it first: POST /v1/sweeps/${id}/cancel.`,
    );
  }
  return sweep.jobs.map((job) => job.id);
}

async function namesOfJobs(
  transaction: Transaction,
  ids: readonly string[],
  { withModels }: JobDeletion,
): Promise<NamedInput[]> {
  const names: NamedInput[] = ids.map((id) => ({ fromJob: id }));
  if (!withModels) return names;
  const models = await transaction.model.findMany({
    where: { originJobId: { in: [...ids] } },
    select: { id: true, originJobId: true, role: true },
  });
  return [...names, ...models.flatMap(namesOfModel)];
}
