/** What can be done with jobs, compressions and sweeps, and when: from the table of states; and with models and datasets. */
import {
  type CompressionResource,
  type DatasetResource,
  isFinal,
  type JobResource,
  type ModelResource,
  mayFollow,
  type SweepResource,
} from "@drc/contracts";
import { client } from "../api/client.ts";

/** What a verb is told by who asks for it. */
export interface Given {
  changes: Record<string, unknown>;
  priority: number;
  /** Of a deletion: the models that it made as well. */
  models: boolean;
}

export interface Verb {
  name: "Pause" | "Resume" | "Retry" | "Clone" | "Priority" | "Cancel" | "Delete";
  /** Why it is not possible now; null where it is. */
  impossible: string | null;
  /** Asked for before it is done: a yes, changes as JSON, a number, or whether models are deleted as well. */
  asks?: "yes" | "retry" | "changes" | "priority" | "deletion";
  /** What is changed: the request that the record was made by. */
  body?: Record<string, unknown>;
  /** The record as it is afterwards, or the new one. */
  run(given: Given): Promise<{ id: string }>;
}

export function jobVerbs(job: JobResource): Verb[] {
  const { id, state, kind } = job;
  const unless = (possible: boolean, why: string) => (possible ? null : why);
  const whole = job.compressionId !== null ? "compression" : job.sweepId !== null ? "sweep" : null;
  const ended = `It has ${state === "succeeded" ? "succeeded" : "ended"}.`;
  return [
    {
      name: "Pause",
      impossible: unless(
        mayFollow(state, "paused") || mayFollow(state, "pausing"),
        isFinal(state) ? ended : `It is ${state}.`,
      ),
      run: () => client.jobs.pause(id),
    },
    {
      name: "Resume",
      impossible: unless(state === "paused" || state === "pausing", isFinal(state) ? ended : "It is not paused."),
      run: () => client.jobs.resume(id),
    },
    {
      name: "Retry",
      impossible: unless(
        (state === "failed" || state === "cancelled") && whole === null,
        whole === null ? "It has not failed." : `Retry its ${whole} as a whole.`,
      ),
      asks: "retry",
      run: () => client.jobs.retry(id),
    },
    {
      name: "Clone",
      impossible: unless(kind !== "ingest", "Make a new version of the dataset instead."),
      asks: "changes",
      body: submittedBody(job),
      run: ({ changes }) => client.jobs.clone(id, changes),
    },
    {
      name: "Priority",
      impossible: unless(!isFinal(state), ended),
      asks: "priority",
      run: ({ priority }) => client.jobs.change(id, { priority }),
    },
    {
      name: "Cancel",
      impossible: unless(
        mayFollow(state, "cancelled") || mayFollow(state, "cancelling"),
        isFinal(state) ? ended : "It is being cancelled.",
      ),
      asks: "yes",
      run: () => client.jobs.cancel(id),
    },
    {
      name: "Delete",
      impossible: whole === null ? unless(isFinal(state), "Cancel it first.") : `Delete its ${whole} as a whole.`,
      asks: "deletion",
      run: async ({ models }) => {
        await client.jobs.delete(id, { models });
        return { id };
      },
    },
  ];
}

/** As a job is submitted, with every default filled in. */
function submittedBody({
  kind,
  name,
  labels,
  seed,
  deviceClass,
  priority,
  maxAttempts,
  maxRunSeconds,
  spec,
}: JobResource) {
  const device = deviceClass === "none" ? {} : { device: deviceClass };
  return {
    kind,
    ...(name === null ? {} : { name }),
    labels,
    seed,
    ...device,
    priority,
    maxAttempts,
    maxRunSeconds,
    spec,
  };
}

export function compressionVerbs(compression: CompressionResource): Verb[] {
  return groupVerbs(compression, client.compressions);
}

export function sweepVerbs(sweep: Pick<SweepResource, "id" | "state" | "body">): Verb[] {
  return groupVerbs(sweep, client.sweeps);
}

export function modelVerbs({ id }: ModelResource): Verb[] {
  return [deletion(id, () => client.models.delete(id))];
}

export function datasetVerbs({ id }: DatasetResource): Verb[] {
  return [deletion(id, () => client.datasets.delete(id))];
}

/** The server says which unfinished jobs need it. */
function deletion(id: string, run: () => Promise<unknown>): Verb {
  return { name: "Delete", impossible: null, asks: "yes", run: () => run().then(() => ({ id })) };
}

/** Of what has several jobs. */
function groupVerbs(
  { id, state, body }: Pick<CompressionResource | SweepResource, "id" | "state" | "body">,
  routes: typeof client.compressions | typeof client.sweeps,
): Verb[] {
  const unfinished = state === "running" || state === "paused";
  const unless = (possible: boolean, why: string) => (possible ? null : why);
  return [
    {
      name: "Pause",
      impossible: unless(state === "running", `It is ${state}.`),
      run: () => routes.pause(id),
    },
    {
      name: "Resume",
      impossible: unless(state === "paused", "It is not paused."),
      run: () => routes.resume(id),
    },
    {
      name: "Retry",
      impossible: unless(state === "failed" || state === "cancelled", "It has not failed."),
      asks: "retry",
      run: () => routes.retry(id),
    },
    { name: "Clone", impossible: null, asks: "changes", body, run: ({ changes }) => routes.clone(id, changes) },
    {
      name: "Priority",
      impossible: unless(unfinished, "It has ended."),
      asks: "priority",
      run: ({ priority }) => routes.change(id, { priority }),
    },
    {
      name: "Cancel",
      impossible: unless(unfinished, "It has ended."),
      asks: "yes",
      run: () => routes.cancel(id),
    },
    {
      name: "Delete",
      impossible: unless(!unfinished, "Cancel it first."),
      asks: "deletion",
      run: async ({ models }) => {
        await routes.delete(id, { models });
        return { id };
      },
    },
  ];
}
