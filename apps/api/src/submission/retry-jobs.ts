import { type DeviceClass, type JobSpec, jobSpec } from "@drc/contracts";
import { createJobs, type Job, type NewJob, newJobId, type Transaction } from "@drc/database";
import type { JobRow } from "../resources/job-resource.ts";

/**
 * Makes new jobs for those of a compression or sweep that failed or were cancelled, and for those that wait for them.
 * What has succeeded, or can still succeed, stays.
 * @param isJudged of which jobs a rule decides whether they are queued, once nothing stands before them.
 * @returns by each old job's identifier that of the new one.
 */
export async function retryJobs(
  transaction: Transaction,
  jobs: readonly JobRow[],
  apiKeyId: string,
  isJudged: (job: Job) => boolean = () => false,
): Promise<ReadonlyMap<string, string>> {
  const replacements = new Map<string, string>();
  const made: NewJob[] = [];
  for (const old of parentsFirst(jobs)) {
    const parents = old.parents.map(({ parentId }) => parentId);
    const ended = old.state === "failed" || old.state === "cancelled";
    // A blocked job may not have been cancelled yet for the parent that failed.
    if (!ended && !parents.some((parent) => replacements.has(parent))) continue;
    const job = { ...replacementOf(old, parents, replacements), apiKeyId, held: isJudged(old) };
    replacements.set(old.id, job.id);
    made.push(job);
  }
  await createJobs(transaction, made);
  return replacements;
}

/** Every job after those whose results it reads. */
function parentsFirst(jobs: readonly JobRow[]): JobRow[] {
  const waiting = new Map(jobs.map((job) => [job.id, job]));
  const sorted: JobRow[] = [];
  const take = (job: JobRow) => {
    waiting.delete(job.id);
    for (const { parentId } of job.parents) {
      const parent = waiting.get(parentId);
      if (parent) take(parent);
    }
    sorted.push(job);
  };
  for (const job of jobs) if (waiting.has(job.id)) take(job);
  return sorted;
}

function replacementOf(old: Job, parents: readonly string[], replacements: ReadonlyMap<string, string>): NewJob {
  return {
    id: newJobId(),
    work: withInputs(jobSpec.parse({ kind: old.kind, spec: old.spec }), replacements),
    name: old.name ?? undefined,
    modelName: old.modelName ?? undefined,
    labels: old.labels,
    deviceClass: old.deviceClass as DeviceClass,
    seed: old.seed,
    priority: old.priority,
    maxAttempts: old.maxAttempts,
    // One trace for all jobs of a compression or sweep.
    traceparent: old.traceparent ?? undefined,
    maxRunSeconds: old.maxRunSeconds,
    parents: parents.map((parent) => replacements.get(parent) ?? parent),
    compressionId: old.compressionId ?? undefined,
    sweepId: old.sweepId ?? undefined,
    retryOf: old.id,
  };
}

/** The same work on what the new jobs give. */
function withInputs(work: JobSpec, replacements: ReadonlyMap<string, string>): JobSpec {
  const text = JSON.stringify(work.spec, (_field, value: unknown) => {
    const { fromJob } = (typeof value === "object" && value !== null ? value : {}) as { fromJob?: string };
    const replacement = fromJob === undefined ? undefined : replacements.get(fromJob);
    return replacement === undefined ? value : { fromJob: replacement };
  });
  return { kind: work.kind, spec: JSON.parse(text) } as JobSpec;
}
