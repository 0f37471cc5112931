import { AbortedError } from "@drc/compression";
import {
  type BlobReference,
  type DatasetImage,
  type DatasetSettings,
  type FieldError,
  ingestSpec,
} from "@drc/contracts";
import { cropToMultiple, decodeImage, encodePng, ImageError, type ImageNote, lowResolutionImages } from "@drc/imaging";
import { JobError, type RunnerContext, type RunnerOutcome } from "../job/runner.ts";
import type { KeptFile, LocalFile } from "../protocol.ts";

const NOTES: Record<ImageNote, string> = {
  BIT_DEPTH_REDUCED: "16 bits were reduced to 8.",
  CMYK_CONVERTED: "CMYK was converted to RGB.",
  COLOUR_PROFILE_IGNORED: "The colour profile was ignored; pixel values are as stored.",
  ORIENTATION_APPLIED: "The EXIF orientation was applied.",
  FIRST_FRAME_ONLY: "Only the first frame is used.",
};

interface IngestedFile {
  image: DatasetImage;
  files: KeptFile[];
  notes: FieldError[];
}

/**
 * Decodes every file, cuts it to a multiple of the scale, makes the LR images from the whole HR image and keeps all of
 * them as PNG. Every file that cannot be used is named with its reason, not only the first; `onBadFile` decides
 * whether the dataset version fails for it.
 */
export async function runIngest(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = ingestSpec.parse(context.task.spec);
  const sources = context.task.inputs.files;
  const images: DatasetImage[] = [];
  const files: KeptFile[] = [];
  const notes: FieldError[] = [];
  const badFiles: FieldError[] = [];
  for (const [i, source] of sources.entries()) {
    if (context.signal.aborted) throw new AbortedError("ingest", i);
    try {
      const ingested = await ingestFile(context, source, spec);
      images.push(ingested.image);
      files.push(...ingested.files);
      notes.push(...ingested.notes);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      badFiles.push({ file: source.name, code: error.code, detail: error.message });
      context.log(`${error.code}: ${error.message}`);
    }
    context.progress("ingest", i + 1, sources.length);
  }
  if (images.length === 0 || (badFiles.length > 0 && spec.onBadFile === "fail")) {
    throw new JobError("DATASET_INVALID", describeBadFiles(badFiles, sources.length), badFiles);
  }
  return { result: { images, badFiles, notes }, files };
}

async function ingestFile(
  context: RunnerContext,
  source: LocalFile,
  { scale, border, content }: DatasetSettings,
): Promise<IngestedFile> {
  const { name } = source;
  const decoded = await decodeImage(source.path, { name });
  const notes: FieldError[] = decoded.notes.map((code) => ({ file: name, code, detail: NOTES[code] }));
  if (decoded.alpha) notes.push({ file: name, code: "ALPHA_DROPPED", detail: "The transparency was dropped." });
  if (content === "lr") {
    const lr = await context.keep("dataset-image", name, await encodePng(decoded.image), "image/png");
    const [width, height] = [scale * decoded.image.width, scale * decoded.image.height];
    return { image: { name, width, height, lrs: [blobOf(lr)] }, files: [lr], notes };
  }
  const hr = cropToMultiple(decoded.image, scale);
  if (hr !== decoded.image) {
    const { width, height } = decoded.image;
    const detail = `${width}×${height} was cut to ${hr.width}×${hr.height}, multiples of the scale ${scale}.`;
    notes.push({ file: name, code: "CROPPED", detail });
  }
  const files: KeptFile[] = [];
  for (const image of [hr, ...lowResolutionImages(hr, scale, border)]) {
    files.push(await context.keep("dataset-image", name, await encodePng(image), "image/png"));
  }
  const [hrBlob, ...lrBlobs] = files.map(blobOf);
  return { image: { name, width: hr.width, height: hr.height, hr: hrBlob, lrs: lrBlobs }, files, notes };
}

function blobOf({ sha256, sizeBytes }: KeptFile): BlobReference {
  return { sha256, sizeBytes };
}

function describeBadFiles(badFiles: FieldError[], total: number): string {
  if (badFiles.length === 0) return "The dataset has no files; upload images first.";
  const named = badFiles.slice(0, 3).map(({ file }) => file);
  const more = badFiles.length > named.length ? `, and ${badFiles.length - named.length} more` : "";
  return (
    `${badFiles.length} of ${total} files cannot be used (${named.join(", ")}${more}). ` +
    'Remove or replace them, or make the version with "onBadFile": "skip".'
  );
}
