import { setTimeout as delay } from "node:timers/promises";
import { type CompressionDetailResource, isFinal, type JobResource } from "@drc/contracts";
import { ConnectionError, type DrcClient, ProblemError } from "@drc/sdk";
import type { StageDisplay } from "./stage-display.ts";
import { latestValues, type StageView } from "./stage-view.ts";

const POLL_EVERY_MS = 1_000;
/** How long a server may be away. */
const PATIENCE_MS = 10 * 60_000;

/** The stages of a compression in their order, with the names that a person knows them by. */
const STAGE_LABELS = [
  ["train", "train"],
  ["search", "channel search"],
  ["prune", "prune"],
  ["fineTune", "fine-tune"],
  ["evaluateBicubic", "evaluate bicubic"],
  ["evaluateOriginal", "evaluate original"],
  ["evaluateCompressed", "evaluate compressed"],
] as const;

/** Of either kind. */
export type Follow = (...given: Parameters<typeof followJob>) => Promise<JobResource | CompressionDetailResource>;

/** Shows a job until it ends, or until the signal fires: then it shows nothing more and throws. */
export async function followJob(
  client: DrcClient,
  id: string,
  display: StageDisplay,
  signal?: AbortSignal,
): Promise<JobResource> {
  const follower = new MetricFollower(client);
  for (;;) {
    const { job, view } = await patiently(async () => {
      const found = await client.jobs.get(id);
      return { job: found, view: await follower.view(found.kind, found) };
    }, signal);
    display.update([view]);
    if (isFinal(job.state)) return job;
    await delay(POLL_EVERY_MS, undefined, { signal });
  }
}

/** Shows all stages of a compression until each has ended; `signal` as for a job. */
export async function followCompression(
  client: DrcClient,
  id: string,
  display: StageDisplay,
  signal?: AbortSignal,
): Promise<CompressionDetailResource> {
  const follower = new MetricFollower(client);
  for (;;) {
    const { compression, views } = await patiently(async () => {
      const found = await client.compressions.get(id);
      const shown: StageView[] = [];
      for (const [stage, label] of STAGE_LABELS) {
        const job = found.jobs.find((candidate) => candidate.id === found.stages[stage]);
        if (job) shown.push(await follower.view(label, withPlainReason(job, found)));
      }
      return { compression: found, views: shown };
    }, signal);
    display.update(views);
    if (compression.jobs.every(({ state }) => isFinal(state))) return compression;
    await delay(POLL_EVERY_MS, undefined, { signal });
  }
}

/** Asks again while the server cannot be reached: it may be restarted, and its jobs go on afterwards. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  let told = false;
  for (;;) {
    try {
      const answer = await ask();
      signal?.throwIfAborted();
      if (told) process.stderr.write("The server answers again.\n");
      return answer;
    } catch (error) {
      const away = error instanceof ConnectionError || (error instanceof ProblemError && error.status === 503);
      if (!away || performance.now() > deadlineMs) throw error;
      if (!told)
        process.stderr.write(`The server does not answer; asking again for ${PATIENCE_MS / 60_000} minutes.\n`);
      told = true;
      await delay(POLL_EVERY_MS, undefined, { signal });
    }
  }
}

/** The stages that failed or were cancelled by themselves, and not with a stage before them. */
export function endedStages({ jobs, stages }: CompressionDetailResource): { label: string; job: JobResource }[] {
  return STAGE_LABELS.flatMap(([stage, label]) => {
    const job = jobs.find(({ id }) => id === stages[stage]);
    return job && hasEndedBadly(job) && !jobs.some((other) => hasEndedBadly(other) && job.parents.includes(other.id))
      ? [{ label, job }]
      : [];
  });
}

function hasEndedBadly({ state }: JobResource): boolean {
  return state === "failed" || state === "cancelled";
}

/** A stage that was cancelled with one before it says so by that one's name, not by its job's identifier. */
function withPlainReason(job: JobResource, { jobs, stages }: CompressionDetailResource): JobResource {
  const cause = jobs.find((other) => hasEndedBadly(other) && job.parents.includes(other.id));
  const label = STAGE_LABELS.find(([stage]) => stages[stage] === cause?.id)?.[1];
  if (job.state !== "cancelled" || !cause || label === undefined) return job;
  return { ...job, stateReason: `${label} ${cause.state === "failed" ? "failed" : "was cancelled"}` };
}

/** Keeps the newest metrics of jobs, and asks for new ones only while they come. */
class MetricFollower {
  private readonly client: DrcClient;
  private readonly known = new Map<string, { after: number; values: StageView["values"]; complete: boolean }>();

  constructor(client: DrcClient) {
    this.client = client;
  }

  async view(label: string, job: JobResource): Promise<StageView> {
    const known = this.known.get(job.id) ?? { after: 0, values: {}, complete: false };
    if (job.startedAt !== null && !known.complete) {
      const points = await this.client.jobs.metrics(job.id, known.after);
      const after = points.at(-1)?.number ?? known.after;
      this.known.set(job.id, { after, values: latestValues(known.values, points), complete: isFinal(job.state) });
    }
    return { label, job, values: this.known.get(job.id)?.values ?? {} };
  }
}
