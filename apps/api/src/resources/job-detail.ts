import { ApiError, type DeviceClass, type JobDetailResource, type RuntimeInfo } from "@drc/contracts";
import { type CreatedJob, servedClasses, type Transaction } from "@drc/database";
import { JOB_PARENTS, jobResource } from "./job-resource.ts";

/** @throws ApiError `NOT_FOUND`. */
export async function readJob(database: Transaction, id: string): Promise<JobDetailResource> {
  // One query after the other: within a transaction there is one connection.
  const job = await database.job.findUnique({ where: { id }, include: JOB_PARENTS });
  if (!job) throw missingJob(id);
  const attempts = await database.attempt.findMany({ where: { jobId: id }, orderBy: { number: "desc" } });
  const artifacts = await database.artifact.findMany({
    where: { jobId: id },
    include: { blob: { select: { sizeBytes: true } } },
    orderBy: { name: "asc" },
  });
  const checkpoint = await database.checkpoint.findFirst({ where: { jobId: id }, orderBy: { step: "desc" } });
  return {
    ...jobResource(job, await servedClasses(database)),
    recordsRemovedAt: job.recordsRemovedAt?.toISOString() ?? null,
    attemptHistory: attempts.map((attempt) => ({
      number: attempt.number,
      workerId: attempt.workerId,
      device: attempt.device,
      runtime: attempt.runtime as RuntimeInfo | null,
      startedAt: attempt.startedAt.toISOString(),
      endedAt: attempt.endedAt?.toISOString() ?? null,
      outcome: attempt.outcome,
      reason: attempt.reason,
      resumedFromStep: attempt.resumedFromStep,
      exact: attempt.exact,
    })),
    artifacts: artifacts.map(({ name, contentType, blob }) => ({
      name,
      contentType,
      sizeBytes: Number(blob.sizeBytes),
    })),
    checkpointStep: checkpoint?.step ?? null,
  };
}

/** Of a job that this transaction has just made: nothing but its row is there. */
export function newJobDetail(job: CreatedJob): JobDetailResource {
  return {
    ...jobResource(job, new Set(job.served ? [job.deviceClass as DeviceClass] : [])),
    recordsRemovedAt: null,
    attemptHistory: [],
    artifacts: [],
    checkpointStep: null,
  };
}

export function missingJob(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no job ${id}.`);
}
