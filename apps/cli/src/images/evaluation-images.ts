import type { EvaluationImage } from "@drc/compression";
import {
  type BorderRule,
  cropToMultiple,
  decodeImage,
  imresize,
  lumaCorrelation,
  type RgbImage,
  UNLIKELY_PAIR,
} from "@drc/imaging";
import { CliError } from "../cli-error.ts";
import { listImages } from "./image-folder.ts";
import { pairImages } from "./pair-images.ts";

export interface EvaluationFolders {
  hr: string;
  /** Without it the LR images are made from the HR images. */
  lr?: string;
}

/** What was done to an image's pixels before they were measured. */
export interface ImageRemark {
  name: string;
  notes: string[];
}

/**
 * Reads HR images, cropped to a multiple of the scale at the bottom and the right, and reads or makes their LR images.
 * Throws on a damaged image, on names that do not pair, and on an LR image of the wrong size.
 */
export async function readEvaluationImages(
  folders: EvaluationFolders,
  scale: number,
  border: BorderRule,
): Promise<{ images: EvaluationImage[]; remarks: ImageRemark[] }> {
  const hrFiles = await listImages(folders.hr, "--hr");
  const pairs = folders.lr
    ? pairImages(hrFiles, await listImages(folders.lr, "--lr"), scale)
    : hrFiles.map(({ key, path }) => ({ name: key, hrPath: path, lrPath: undefined }));
  const images: EvaluationImage[] = [];
  const remarks: ImageRemark[] = [];
  for (const { name, hrPath, lrPath } of pairs) {
    const whole = await readImage(hrPath);
    const hr = cropToMultiple(whole.image, scale);
    const size = { width: hr.width / scale, height: hr.height / scale };
    const given = lrPath === undefined ? undefined : await readImage(lrPath);
    if (given) checkSize(name, whole.image, given.image, size, scale);
    const made = imresize(hr, size, { border });
    images.push({ name, hr, lr: given?.image ?? made });
    const notes = [...new Set([...whole.notes, ...(given?.notes ?? [])])];
    if (given && (lumaCorrelation(given.image, made) ?? 1) < UNLIKELY_PAIR) notes.push("LR_UNLIKE_HR");
    if (notes.length > 0) remarks.push({ name, notes });
  }
  return { images, remarks };
}

async function readImage(path: string): Promise<{ image: RgbImage; notes: string[] }> {
  const { image, alpha, notes } = await decodeImage(path);
  return { image, notes: alpha ? [...notes, "ALPHA_IGNORED"] : notes };
}

interface Size {
  width: number;
  height: number;
}

function checkSize(name: string, hr: Size, lr: Size, expected: Size, scale: number): void {
  if (lr.width === expected.width && lr.height === expected.height) return;
  throw new CliError(
    `--lr: ${name} is ${lr.width}×${lr.height}, but the HR image of ${hr.width}×${hr.height} at ×${scale} needs` +
      ` ${expected.width}×${expected.height}; check --scale, or leave --lr out to have LR images made`,
  );
}
