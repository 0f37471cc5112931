import { basename } from "node:path";
import { type CalibrationImage, SECOND_ORDER_CALIBRATION } from "@drc/compression";
import {
  type BorderRule,
  cropImage,
  cropToMultiple,
  decodeImage,
  lowResolutionImages,
  type RgbImage,
  rankByName,
  splitByName,
} from "@drc/imaging";
import { CliError, EXIT } from "../cli-error.ts";
import { type ImageFile, listImages } from "./image-folder.ts";

/** Images beyond these add little to a few dozen patches, and large photographs would fill the memory. */
const MOST_CALIBRATION_IMAGES = 64;
const MOST_MEASURED_IMAGES = 8;
const MEASURED_SHARE = 0.1;
/** Of each image a window in its centre, of at most so many LR pixels a side, is kept. */
const CALIBRATION_WINDOW = 192;
export const MEASURED_WINDOW = 96;

export interface CompressionImages {
  calibration: CalibrationImage[];
  /** What the result is measured on: images held out or, where there is one image alone, that one. */
  measured: CalibrationImage[];
  heldOut: boolean;
  /** How many images the folder holds. */
  found: number;
}

export interface CompressionFolder {
  folder: string;
  scale: number;
  /** The images are what the network reads, and not HR images. */
  lrOnly: boolean;
  /** Of the bicubic that makes LR images. */
  border: BorderRule;
}

/**
 * Reads images to compress with, and holds out a tenth of them, by the rule of `splitByName`, to measure on.
 * @throws CliError for a folder without images and for one that is smaller than a patch; ImageError
 */
export async function readCompressionImages(source: CompressionFolder): Promise<CompressionImages> {
  const files = await listImages(source.folder, "--images");
  // By the names that these files have in a dataset of a server.
  const ranked = rankByName(files.map((file) => ({ ...file, name: basename(file.path) })));
  const { training, validation } = splitByName(ranked, MEASURED_SHARE);
  const heldOut = validation.length > 0;
  const measured = heldOut ? validation : training;
  return {
    measured: await readAll(measured.slice(0, MOST_MEASURED_IMAGES), source, MEASURED_WINDOW),
    calibration: await readAll(training.slice(0, MOST_CALIBRATION_IMAGES), source, CALIBRATION_WINDOW),
    heldOut,
    found: files.length,
  };
}

/** One after the other: of each only a window stays in memory. */
async function readAll(
  files: readonly ImageFile[],
  source: CompressionFolder,
  window: number,
): Promise<CalibrationImage[]> {
  const images: CalibrationImage[] = [];
  for (const file of files) images.push(await readOne(file, source, window));
  return images;
}

async function readOne({ key, path }: ImageFile, source: CompressionFolder, window: number): Promise<CalibrationImage> {
  const { scale, lrOnly, border } = source;
  const { image } = await decodeImage(path);
  checkSize(path, image, scale, lrOnly);
  if (lrOnly) return { name: key, lrs: [centre(image, window)] };
  const hr = cropToMultiple(image, scale);
  // LR images are made of the whole HR image; the windows are cut afterwards, at the same place.
  const lrs = lowResolutionImages(hr, scale, border);
  const { x, y, width, height } = centralWindow(lrs[0], window);
  const cut = (picture: RgbImage, factor: number) =>
    cropImage(picture, x * factor, y * factor, width * factor, height * factor);
  return { name: key, lrs: lrs.map((lr, i) => cut(lr, 2 ** i)), hr: cut(hr, scale) };
}

function checkSize(path: string, { width, height }: RgbImage, scale: number, lrOnly: boolean): void {
  const { patchSize } = SECOND_ORDER_CALIBRATION;
  const least = lrOnly ? patchSize : patchSize * scale;
  if (width >= least && height >= least) return;
  throw new CliError(
    `--images: ${path} is ${width}×${height}; a patch takes ${least}×${least} ${lrOnly ? "LR" : "HR"} pixels.` +
      " Take the image out of the folder, or give a larger one.",
    EXIT.usage,
  );
}

function centralWindow(image: RgbImage, most: number) {
  const width = Math.min(image.width, most);
  const height = Math.min(image.height, most);
  return { x: (image.width - width) >> 1, y: (image.height - height) >> 1, width, height };
}

function centre(image: RgbImage, most: number): RgbImage {
  const { x, y, width, height } = centralWindow(image, most);
  return cropImage(image, x, y, width, height);
}
