import { AbortedError } from "@drc/compression";
import { type DatasetImage, type FieldError, type IngestSpec, ingestSpec } from "@drc/contracts";
import { BadFileError } from "../ingest/bad-file.ts";
import { Duplicates } from "../ingest/duplicates.ts";
import { ingestImage } from "../ingest/ingest-image.ts";
import { type PairedFiles, pairFiles } from "../ingest/pair-files.ts";
import { releaseImages } from "../ingest/release-images.ts";
import { JobError, type RunnerContext, type RunnerOutcome } from "../job/runner.ts";
import type { KeptFile, LocalFile } from "../protocol.ts";

/** From here on an image's memory is worth a garbage collection of its own. */
const LARGE_PIXELS = 4_000_000;

/**
 * Makes the images of a dataset version, one after the other, so that memory holds no more than one. Every file that
 * cannot be used is named with its reason, not only the first; `onBadFile` decides whether the version fails for it.
 */
export async function runIngest(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = ingestSpec.parse(context.task.spec);
  const { files: uploaded } = context.task.inputs;
  const { images: sources, badFiles, unpaired } = sourceImages(uploaded, spec);
  if (unpaired) context.log(unpaired);
  const images: DatasetImage[] = [];
  const files: KeptFile[] = [];
  const notes: FieldError[] = [];
  const duplicates = new Duplicates();
  for (const [i, source] of sources.entries()) {
    if (context.signal.aborted) throw new AbortedError("ingest", i);
    try {
      const ingested = await ingestImage(context, source, spec);
      images.push(ingested.image);
      files.push(...ingested.files);
      notes.push(...ingested.notes);
      if (ingested.image.width * ingested.image.height >= LARGE_PIXELS) releaseImages();
      // Files of equal bytes were fetched to one path.
      const { path } = (source.hr ?? source.lr) as LocalFile;
      const duplicate = duplicates.add(source.name, path, ingested.files[0].sha256);
      if (duplicate) notes.push(duplicate);
    } catch (error) {
      if (!(error instanceof BadFileError)) throw error;
      badFiles.push(error.finding);
      releaseImages();
      context.log(`${error.finding.code}: ${error.message}`);
    }
    context.progress("ingest", i + 1, sources.length);
  }
  if (images.length === 0 || (badFiles.length > 0 && spec.onBadFile === "fail")) {
    const { datasetId, version } = spec.dataset;
    const split = unpaired ? [`Version ${version} of ${datasetId}: ${unpaired}.`] : [];
    const detail = [...split, describeBadFiles(badFiles, uploaded.length)].join(" ");
    throw new JobError("DATASET_INVALID", detail, badFiles);
  }
  return { result: { images, badFiles, notes }, files };
}

function sourceImages(files: readonly LocalFile[], { content, scale }: IngestSpec): PairedFiles {
  switch (content) {
    case "hr":
      return { images: files.map((hr) => ({ name: hr.name, hr })), badFiles: [] };
    case "lr":
      return { images: files.map((lr) => ({ name: lr.name, lr })), badFiles: [] };
    case "pairs":
      return pairFiles(files, scale);
  }
}

function describeBadFiles(badFiles: FieldError[], total: number): string {
  if (badFiles.length === 0) return "The dataset has no files; upload images first.";
  const named = badFiles.slice(0, 3).map(({ file }) => file);
  const more = badFiles.length > named.length ? `, and ${badFiles.length - named.length} more` : "";
  return (
    `${badFiles.length} of ${total} files cannot be used (${named.join(", ")}${more}). ` +
    'Remove or replace them, or make a version that leaves bad files out ("onBadFile": "skip").'
  );
}
