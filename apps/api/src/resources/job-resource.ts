import type { DeviceClass, JobResource } from "@drc/contracts";
import type { Job } from "@drc/database";

export type JobRow = Job & { parents: { parentId: string }[] };

/** What a query has to include for `jobResource`. */
export const JOB_PARENTS = { parents: { select: { parentId: true } } } as const;

/** @param served the device classes for which a worker is there. */
export function jobResource(job: JobRow, served: ReadonlySet<DeviceClass>): JobResource {
  const deviceClass = job.deviceClass as DeviceClass;
  return {
    id: job.id,
    kind: job.kind as JobResource["kind"],
    name: job.name,
    labels: job.labels,
    state: job.state as JobResource["state"],
    stateReason: job.stateReason,
    waitsFor: job.state === "queued" && !served.has(deviceClass) ? missingWorker(deviceClass) : null,
    deviceClass,
    priority: job.priority,
    maxAttempts: job.maxAttempts,
    maxRunSeconds: job.maxRunSeconds,
    seed: job.seed,
    spec: job.spec as JobResource["spec"],
    parents: job.parents.map((parent) => parent.parentId),
    compressionId: job.compressionId,
    sweepId: job.sweepId,
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

export function missingWorker(deviceClass: DeviceClass): string {
  return `No worker with a working slot of the device class ${deviceClass} is running. Start one; DRC_SLOTS says which slots it has.`;
}
