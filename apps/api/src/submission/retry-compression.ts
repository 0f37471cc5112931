import { ApiError, type CompressionStages } from "@drc/contracts";
import { currentJobs, type Transaction, toJson } from "@drc/database";
import { JOB_PARENTS } from "../resources/job-resource.ts";
import { retryJobs } from "./retry-jobs.ts";

/**
 * Makes new jobs for the stages of a compression that failed or were cancelled, and for those that wait for them.
 * @throws ApiError `NOT_FOUND`, or `CONFLICT` where there is nothing to retry yet.
 */
export async function retryCompression(transaction: Transaction, id: string, apiKeyId: string): Promise<void> {
  // Of two requests at once the second finds the jobs that the first has made.
  await transaction.$queryRaw`SELECT 1 FROM "Compression" WHERE id = ${id} FOR UPDATE`;
  const compression = await transaction.compression.findUnique({
    where: { id },
    include: { jobs: { include: JOB_PARENTS } },
  });
  if (!compression) throw new ApiError("NOT_FOUND", `There is no compression ${id}.`);
  const current = currentJobs(compression, compression.jobs);
  if (current.some(({ state }) => state === "cancelling")) {
    throw new ApiError("CONFLICT", `The compression ${id} is still being cancelled. Try again when that has ended.`);
  }
  const replacements = await retryJobs(transaction, current, apiKeyId);
  if (replacements.size === 0) {
    throw new ApiError("CONFLICT", `Nothing of the compression ${id} has failed or been cancelled.`);
  }
  const stages = Object.entries(compression.stages as CompressionStages);
  const newest = stages.map(([stage, jobId]) => [stage, replacements.get(jobId) ?? jobId]);
  await transaction.compression.update({
    where: { id },
    data: { stages: toJson(Object.fromEntries(newest)), paused: false },
  });
}
