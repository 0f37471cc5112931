import type { DeviceClass, DryRunJob, DryRunResource } from "@drc/contracts";
import type { Database, Job, Transaction } from "@drc/database";
import { estimateJob, knowJobs } from "./estimate.ts";

/** Ends a transaction without effect and brings out what it found. */
class RolledBack extends Error {
  readonly found: DryRunResource;

  constructor(found: DryRunResource) {
    super("This was a dry run.");
    this.found = found;
  }
}

/** Creates jobs as a submission does, describes them with what they will cost, and takes everything back. */
export async function dryRun(
  database: Database,
  create: (transaction: Transaction) => Promise<readonly Job[]>,
): Promise<DryRunResource> {
  const creation = database.$transaction(async (transaction) => {
    const jobs = await describeJobs(transaction, await create(transaction));
    const seconds = jobs.some((job) => job.seconds === null)
      ? null
      : jobs.reduce((sum, job) => sum + (job.seconds ?? 0), 0);
    throw new RolledBack({ dryRun: true, jobs, seconds });
  });
  return creation.catch((error: unknown) => {
    if (error instanceof RolledBack) return error.found;
    throw error;
  });
}

async function describeJobs(transaction: Transaction, jobs: readonly Job[]): Promise<DryRunJob[]> {
  const positions = new Map(jobs.map(({ id }, position) => [id, position]));
  const links = await transaction.jobParent.findMany({ where: { jobId: { in: [...positions.keys()] } } });
  const parents = new Map<string, number[]>();
  for (const { jobId, parentId } of links) {
    const position = positions.get(parentId);
    if (position !== undefined) parents.set(jobId, [...(parents.get(jobId) ?? []), position]);
  }
  knowJobs(transaction, jobs);
  const described: DryRunJob[] = [];
  for (const job of jobs) {
    described.push({
      kind: job.kind as DryRunJob["kind"],
      deviceClass: job.deviceClass as DeviceClass,
      spec: withPositions(job.spec as DryRunJob["spec"], positions),
      waitsFor: (parents.get(job.id) ?? []).sort((a, b) => a - b),
      ...(await estimateJob(transaction, job)),
    });
  }
  return described;
}

/** The identifiers of jobs that will not exist say nothing: `#0` is the first of the list. */
function withPositions(spec: DryRunJob["spec"], positions: ReadonlyMap<string, number>): DryRunJob["spec"] {
  const text = JSON.stringify(spec).replace(/job_[0-9a-z]{20}/g, (id) => {
    const position = positions.get(id);
    return position === undefined ? id : `#${position}`;
  });
  return JSON.parse(text);
}
