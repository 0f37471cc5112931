import { createHash } from "node:crypto";
import type { DryRunResource, Scale, SweepState } from "@drc/contracts";
import { type DrcClient, type NewSweep, ProblemError } from "@drc/sdk";
import { CliError, EXIT } from "../cli-error.ts";
import { givenModel } from "../submit/given-model.ts";
import { type HashedImages, hashImages, hashOf, sendImages } from "./local-data.ts";
import { pathOf, type SweepFile, shownPath, withReplaced } from "./sweep-file.ts";

export interface HashedSweep extends SweepFile {
  images: HashedImages[];
  /** The sweep of this file: its fields with the bytes of what it names, wherever that lies. */
  label: string;
}

/** Reads all that the file names, so that the same sweep is known again. Nothing is sent. */
export async function hashSweep(file: SweepFile): Promise<HashedSweep> {
  const named = new Map<string, unknown>();
  const images: HashedImages[] = [];
  for (const local of file.images) {
    const hashed = await hashImages(local);
    images.push(hashed);
    named.set(local.field, hashed.sha256);
  }
  for (const { field, path } of file.models) named.set(field, await hashOf(field, path));
  const text = JSON.stringify(withReplaced(file.given, named));
  return { ...file, images, label: `file=${createHash("sha256").update(text).digest("hex").slice(0, 32)}` };
}

export interface SubmittedSweep {
  id: string;
  /** Its state where it was there already; undefined where it was made. */
  known?: SweepState;
}

/** The newest sweep of the file; where there is none, or `again` asks for it, a new one, whose data is sent before. */
export async function submitSweep(
  client: DrcClient,
  sweep: HashedSweep,
  { again, signal }: { again?: boolean; signal?: AbortSignal },
): Promise<SubmittedSweep> {
  if (!again) {
    for await (const { id, state } of client.sweeps.list({ label: sweep.label })) return { id, known: state };
  }
  const body = await bodyOf(client, sweep, signal);
  // Two equal commands at once make one sweep. A deleted one is not given again.
  const key = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  try {
    const made = await client.sweeps.create(body, again ? {} : { idempotencyKey: `sweep-${key}` });
    if (again) return { id: made.id };
    return { id: (await client.sweeps.get(made.id)).id };
  } catch (error) {
    if (error instanceof ProblemError && error.status === 404 && !again) {
      return { id: (await client.sweeps.create(body)).id };
    }
    throw named(error);
  }
}

/** What the sweep would run; its images are sent, for the server knows nothing else by which to judge. */
export async function dryRunSweep(client: DrcClient, sweep: HashedSweep): Promise<DryRunResource> {
  return client.sweeps.dryRun(await bodyOf(client, sweep)).catch((error: unknown) => {
    throw named(error);
  });
}

/** The body of the request, once all that the file names is on the server. */
async function bodyOf(client: DrcClient, sweep: HashedSweep, signal?: AbortSignal): Promise<NewSweep> {
  const sent = new Map<string, unknown>();
  const { model } = sweep.given as { model?: { modelId?: string } };
  let scale = (sweep.given as { network?: { scale: Scale } }).network?.scale;
  if (model?.modelId !== undefined) scale = (await client.models.get(model.modelId)).scale as Scale;
  for (const { field, path } of sweep.models) {
    const { id, scale: ofModel } = await givenModel(client, field, path);
    if (field === "model") scale = ofModel as Scale;
    sent.set(field, { modelId: id });
  }
  for (const images of sweep.images) sent.set(images.field, await sendImages(client, images, scale as Scale, signal));
  const { labels = [], ...given } = withReplaced(sweep.given, sent) as { labels?: string[] };
  return { ...given, labels: [...new Set([...labels, sweep.label])] } as unknown as NewSweep;
}

/** What the server refuses, with the fields as the file has them. */
function named(error: unknown): unknown {
  if (!(error instanceof ProblemError) || error.errors.length === 0) return error;
  const lines = error.errors.map(({ pointer = "", detail }) => `${shownPath(pathOf(pointer))}: ${detail}`);
  return new CliError(lines.join("\n     "), EXIT.failed);
}
