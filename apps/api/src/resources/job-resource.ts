import type { JobResource } from "@drc/contracts";
import type { Job } from "@drc/database";

export type JobRow = Job & { parents: { parentId: string }[] };

/** What a query has to include for `jobResource`. */
export const JOB_PARENTS = { parents: { select: { parentId: true } } } as const;

export function jobResource(job: JobRow): JobResource {
  return {
    id: job.id,
    kind: job.kind as JobResource["kind"],
    name: job.name,
    state: job.state as JobResource["state"],
    stateReason: job.stateReason,
    deviceClass: job.deviceClass as JobResource["deviceClass"],
    priority: job.priority,
    seed: job.seed,
    spec: job.spec as JobResource["spec"],
    parents: job.parents.map((parent) => parent.parentId),
    compressionId: job.compressionId,
    retryOf: job.retryOf,
    attempts: job.attemptCount,
    progress: job.progress as JobResource["progress"],
    result: job.result as JobResource["result"],
    error: job.error as JobResource["error"],
    runAfter: job.runAfter?.toISOString() ?? null,
    createdAt: job.createdAt.toISOString(),
    startedAt: job.startedAt?.toISOString() ?? null,
    endedAt: job.endedAt?.toISOString() ?? null,
  };
}
