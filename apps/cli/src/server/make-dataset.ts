import type { DatasetInput, FieldError, JobResource } from "@drc/contracts";
import type { DrcClient, NewDatasetVersion } from "@drc/sdk";
import { CliError } from "../cli-error.ts";
import { type LocalFile, uploadImageFiles } from "./client.ts";

export interface NewDataset {
  name: string;
  files: readonly LocalFile[];
  version: NewDatasetVersion;
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
  { name, files, version: settings }: NewDataset,
  follow: (ingestJobId: string) => Promise<JobResource>,
): Promise<MadeDataset> {
  const { id } = await client.datasets.create({ name });
  await uploadImageFiles(client, id, files);
  const { version, ingestJobId } = await client.datasets.createVersion(id, settings);
  const input = { datasetId: id, version };
  const ingest = await follow(ingestJobId);
  const { state, badFiles } = await client.datasets.version(input);
  if (state === "ready") return { input, badFiles };
  const why = badFiles.length > 0 ? describeBadFiles(settings, badFiles) : describeEnd(ingest);
  throw new CliError(`The dataset "${name}" cannot be used. ${why}`);
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
