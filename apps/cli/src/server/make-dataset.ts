import type { DatasetInput, DatasetVersionResource, FieldError, JobResource } from "@drc/contracts";
import { type DrcClient, type NewDatasetVersion, ProblemError } from "@drc/sdk";
import { CliError } from "../cli-error.ts";
import { type LocalFile, uploadImageFiles } from "./client.ts";

export interface NewDataset {
  name: string;
  files: readonly LocalFile[];
  version: NewDatasetVersion;
  /** Stands for the files and the settings: what an earlier call has made under it within a day is taken again. */
  key?: string;
}

export interface MadeDataset {
  input: DatasetInput;
  /** That were left out, with the reason. */
  badFiles: FieldError[];
}

/**
 * Uploads files as a dataset and waits until its version is ready; `follow` waits for the ingest job's end. Throws
 * where it cannot be used, with the first bad files or with what became of the job.
 */
export async function makeDataset(
  client: DrcClient,
  { name, files, version: settings, key }: NewDataset,
  follow: (ingestJobId: string) => Promise<JobResource>,
): Promise<MadeDataset> {
  const { id, made } =
    key === undefined
      ? { ...(await client.datasets.create({ name })), made: undefined }
      : await datasetOf(client, name, key);
  if (made === undefined) await uploadImageFiles(client, id, files);
  const { version, ingestJobId } = made ?? (await client.datasets.createVersion(id, settings));
  const input = { datasetId: id, version };
  const ingest = await follow(ingestJobId);
  const { state, badFiles } = await client.datasets.version(input);
  if (state === "ready") return { input, badFiles };
  const why = badFiles.length > 0 ? describeBadFiles(settings, badFiles) : describeEnd(ingest);
  throw new CliError(`The dataset "${name}" cannot be used. ${why}`);
}

/** The dataset of a key, with its version where that is made already and has not failed. */
async function datasetOf(
  client: DrcClient,
  name: string,
  key: string,
): Promise<{ id: string; made: DatasetVersionResource | undefined }> {
  const { id } = await client.datasets.create({ name }, { idempotencyKey: key });
  try {
    const versions = await client.datasets.versions(id);
    return { id, made: versions.find(({ state }) => state !== "failed") };
  } catch (error) {
    // Deleted meanwhile: the answer of its creation is kept longer.
    if (!(error instanceof ProblemError) || error.status !== 404) throw error;
    return { ...(await client.datasets.create({ name })), made: undefined };
  }
}

function describeBadFiles(settings: NewDatasetVersion, badFiles: readonly FieldError[]): string {
  const named = badFiles.slice(0, 5).map((file) => describeBadFile(file).replace(/\.$/, ""));
  const more = badFiles.length > named.length ? ` (and ${badFiles.length - named.length} more)` : "";
  return `${named.join("; ")}${more}.${remedyOf(settings, badFiles)}`;
}

/** Of an ingest that ended before it judged the files: it was cancelled, or failed for another reason than theirs. */
export function describeEnd({ id, state, error, stateReason }: JobResource): string {
  const reason = error?.detail ?? stateReason;
  return `Its ingest job ${id} ended as ${state}${reason ? `: ${reason.replace(/\.$/, "")}` : ""}.`;
}

/** In options of the command line where the reasons name fields of the version. */
function remedyOf({ onBadFile }: NewDatasetVersion, badFiles: readonly FieldError[]): string {
  const cut = badFiles.some(({ code }) => code === "ODD_SIZE") ? " --on-odd-size modcrop cuts odd sizes." : "";
  return onBadFile === "fail" ? `${cut} Replace them, or leave them out with --skip-bad-files.` : cut;
}

/** The file and why it cannot be used; most reasons begin with the file's name already. */
export function describeBadFile({ file, detail }: FieldError): string {
  return file === undefined || detail.startsWith(file) ? detail : `${file}: ${detail}`;
}
