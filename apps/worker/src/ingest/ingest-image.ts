import {
  type BlobReference,
  type DatasetImage,
  type DatasetSettings,
  DEFAULT_PATCH,
  type FieldError,
  SMALLEST_PATCH,
} from "@drc/contracts";
import {
  cropToMultiple,
  lowResolutionImages,
  lumaCorrelation,
  type RgbImage,
  UNLIKELY_PAIR,
  writePng,
} from "@drc/imaging";
import type { RunnerContext } from "../job/runner.ts";
import type { KeptFile } from "../protocol.ts";
import { asBadFile, BadFileError } from "./bad-file.ts";
import type { SourceImage } from "./pair-files.ts";
import { readUpload } from "./read-upload.ts";

export interface IngestedImage {
  image: DatasetImage;
  files: KeptFile[];
  notes: FieldError[];
}

/**
 * Decodes an image's files, brings the HR image to a multiple of the scale, makes the LR images that are not given, and
 * keeps all as PNG. Throws `BadFileError`.
 */
export async function ingestImage(
  context: RunnerContext,
  { name, ...source }: SourceImage,
  settings: DatasetSettings,
): Promise<IngestedImage> {
  const { scale, border, onAlpha } = settings;
  const rules = { maxPixels: context.task.maxImagePixels, onAlpha };
  const lr = source.lr && (await readUpload(source.lr, rules));
  const notes = [...(lr?.notes ?? [])];
  const keep = (image: RgbImage) =>
    context.keepWritten("dataset-image", name, (path) => writePng(image, path), "image/png");
  if (!source.hr) {
    const { width, height } = (lr as { image: RgbImage }).image;
    noteSize(name, width, height, notes);
    const file = await keep((lr as { image: RgbImage }).image);
    return {
      image: { name, width: scale * width, height: scale * height, lrs: [blobOf(file)] },
      files: [file],
      notes,
    };
  }
  const hr = await readUpload(source.hr, rules);
  notes.unshift(...hr.notes);
  const image = fitToScale(name, hr.image, lr?.image, settings, notes);
  const { width, height } = image;
  noteSize(name, width / scale, height / scale, notes);
  const files = [await keep(image)];
  const lrs = lowResolutionImages(image, scale, border);
  if (lr) {
    // Null where an image is flat: then nothing speaks against the pair.
    if ((lumaCorrelation(lr.image, lrs[0]) ?? 1) < UNLIKELY_PAIR) {
      const detail = `${source.lr?.name} hardly resembles it: does it show the same picture?`;
      notes.push({ file: name, code: "LR_UNLIKE_HR", detail });
    }
    lrs[0] = lr.image;
  }
  for (const smaller of lrs) files.push(await keep(smaller));
  const [hrBlob, ...lrBlobs] = files.map(blobOf);
  return { image: { name, width, height, hr: hrBlob, lrs: lrBlobs }, files, notes };
}

/** It is good to evaluate on: what trains or calibrates is refused when it is submitted. */
function noteSize(name: string, lrWidth: number, lrHeight: number, notes: FieldError[]): void {
  const patchSize = DEFAULT_PATCH;
  if (lrWidth >= patchSize && lrHeight >= patchSize) return;
  const remedy =
    Math.min(lrWidth, lrHeight) < SMALLEST_PATCH
      ? `at all, for no patch fits it: make a version without images below ${SMALLEST_PATCH}×${SMALLEST_PATCH}.`
      : 'but with a smaller "patchSize".';
  const detail =
    `The LR image is ${lrWidth}×${lrHeight}, smaller than a patch of ${patchSize}×${patchSize}, the default: ` +
    `nothing trains or calibrates on this version ${remedy}`;
  notes.push({ file: name, code: "SMALLER_THAN_PATCH", detail });
}

/** The HR image with sides that are multiples of the scale and fit the LR image, cut where the settings allow it. */
function fitToScale(
  name: string,
  hr: RgbImage,
  lr: RgbImage | undefined,
  { scale, onOddSize }: DatasetSettings,
  notes: FieldError[],
): RgbImage {
  let image: RgbImage;
  try {
    image = cropToMultiple(hr, scale);
  } catch (error) {
    return asBadFile(name)(error);
  }
  if (lr && (image.width !== scale * lr.width || image.height !== scale * lr.height)) {
    throw new BadFileError(
      name,
      "SIZE_MISMATCH",
      `${name}: the HR image is ${sizeOf(hr)}, the LR image ${sizeOf(lr)}; ` +
        `at ×${scale} an LR image of ${image.width / scale}×${image.height / scale} is expected`,
    );
  }
  if (image === hr) return hr;
  if (onOddSize === "reject") {
    throw new BadFileError(
      name,
      "ODD_SIZE",
      `${name}: ${sizeOf(hr)} is no multiple of the scale ${scale}; cut it to ${sizeOf(image)}` +
        `${lr ? `, which fits the LR image of ${sizeOf(lr)}` : ""}, or make the version with "onOddSize": "modcrop"`,
    );
  }
  const detail = `${sizeOf(hr)} was cut to ${sizeOf(image)}, multiples of the scale ${scale}.`;
  notes.push({ file: name, code: "CROPPED", detail });
  return image;
}

function sizeOf({ width, height }: RgbImage): string {
  return `${width}×${height}`;
}

function blobOf({ sha256, sizeBytes }: KeptFile): BlobReference {
  return { sha256, sizeBytes };
}
