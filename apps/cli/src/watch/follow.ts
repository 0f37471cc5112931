import { setTimeout as delay } from "node:timers/promises";
import { type CompressionDetailResource, isFinal, type JobResource } from "@drc/contracts";
import type { ApiClient } from "../server/api-client.ts";
import type { StageDisplay } from "./stage-display.ts";
import { latestValues, type StageView } from "./stage-view.ts";

const POLL_EVERY_MS = 1_000;

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

/** Shows a job until it ends. */
export async function followJob(client: ApiClient, id: string, display: StageDisplay): Promise<JobResource> {
  const follower = new MetricFollower(client);
  for (;;) {
    const job = await client.job(id);
    display.update([await follower.view(job.kind, job)]);
    if (isFinal(job.state)) return job;
    await delay(POLL_EVERY_MS);
  }
}

/** Shows all stages of a compression until each has ended. */
export async function followCompression(
  client: ApiClient,
  id: string,
  display: StageDisplay,
): Promise<CompressionDetailResource> {
  const follower = new MetricFollower(client);
  for (;;) {
    const compression = await client.compression(id);
    const views: StageView[] = [];
    for (const [stage, label] of STAGE_LABELS) {
      const job = compression.jobs.find((candidate) => candidate.id === compression.stages[stage]);
      if (job) views.push(await follower.view(label, job));
    }
    display.update(views);
    if (compression.jobs.every(({ state }) => isFinal(state))) return compression;
    await delay(POLL_EVERY_MS);
  }
}

/** Keeps the newest metrics of jobs, and asks for new ones only while they come. */
class MetricFollower {
  private readonly client: ApiClient;
  private readonly known = new Map<string, { after: number; values: StageView["values"]; complete: boolean }>();

  constructor(client: ApiClient) {
    this.client = client;
  }

  async view(label: string, job: JobResource): Promise<StageView> {
    const known = this.known.get(job.id) ?? { after: 0, values: {}, complete: false };
    if (job.startedAt !== null && !known.complete) {
      const points = await this.client.metrics(job.id, known.after);
      const after = points.at(-1)?.number ?? known.after;
      this.known.set(job.id, { after, values: latestValues(known.values, points), complete: isFinal(job.state) });
    }
    return { label, job, values: this.known.get(job.id)?.values ?? {} };
  }
}
