import { ApiError, type CompressionStages, type DeviceClass, type JobSpec, jobSpec } from "@drc/contracts";
import { createJobs, type Job, type NewJob, newJobId, type Transaction, toJson } from "@drc/database";
import { JOB_PARENTS } from "../resources/job-resource.ts";

/** Every stage comes after those whose results it reads. */
const STAGES = [
  "train",
  "search",
  "prune",
  "fineTune",
  "evaluateBicubic",
  "evaluateOriginal",
  "evaluateCompressed",
] as const satisfies readonly (keyof CompressionStages)[];

/**
 * Makes new jobs for the stages of a compression that failed or were cancelled, and for those that wait for them. What
 * has succeeded, or can still succeed, stays.
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
  const stages = compression.stages as CompressionStages;
  const current = new Set(Object.values(stages));
  if (compression.jobs.some((job) => current.has(job.id) && job.state === "cancelling")) {
    throw new ApiError("CONFLICT", `The compression ${id} is still being cancelled. Try again when that has ended.`);
  }
  const replacements = new Map<string, string>();
  const jobs: NewJob[] = [];
  for (const stage of STAGES) {
    const old = compression.jobs.find((job) => job.id === stages[stage]);
    if (!old) continue;
    const parents = old.parents.map(({ parentId }) => parentId);
    const ended = old.state === "failed" || old.state === "cancelled";
    // A blocked job may not have been cancelled yet for the parent that failed.
    if (!ended && !parents.some((parent) => replacements.has(parent))) continue;
    const job = { ...replacementOf(old, parents, replacements), apiKeyId };
    replacements.set(old.id, job.id);
    jobs.push(job);
  }
  if (jobs.length === 0) {
    throw new ApiError("CONFLICT", `Nothing of the compression ${id} has failed or been cancelled.`);
  }
  await createJobs(transaction, jobs);
  const newest = Object.entries(stages).map(([stage, jobId]) => [stage, replacements.get(jobId) ?? jobId]);
  await transaction.compression.update({
    where: { id },
    data: { stages: toJson(Object.fromEntries(newest)), paused: false },
  });
}

function replacementOf(old: Job, parents: readonly string[], replacements: ReadonlyMap<string, string>): NewJob {
  return {
    id: newJobId(),
    work: withInputs(jobSpec.parse({ kind: old.kind, spec: old.spec }), replacements),
    name: old.name ?? undefined,
    labels: old.labels,
    deviceClass: old.deviceClass as DeviceClass,
    seed: old.seed,
    priority: old.priority,
    maxAttempts: old.maxAttempts,
    // One trace for all jobs of a compression.
    traceparent: old.traceparent ?? undefined,
    maxRunSeconds: old.maxRunSeconds,
    parents: parents.map((parent) => replacements.get(parent) ?? parent),
    compressionId: old.compressionId ?? undefined,
    retryOf: old.id,
  };
}

/** The same work on what the new jobs give. */
function withInputs(work: JobSpec, replacements: ReadonlyMap<string, string>): JobSpec {
  const spec = Object.entries(work.spec).map(([field, input]) => {
    const replacement = replacements.get((input as { fromJob?: string } | undefined)?.fromJob ?? "");
    return [field, replacement === undefined ? input : { fromJob: replacement }];
  });
  return { kind: work.kind, spec: Object.fromEntries(spec) } as JobSpec;
}
