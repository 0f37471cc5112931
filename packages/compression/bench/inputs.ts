/** What the comparisons read from disk: models, and folders of HR images. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { cropToMultiple, decodeImage, lowResolutionImages } from "@drc/imaging";
import { decodeModel, importPytorch, type Model, readSafetensors } from "@drc/network";
import { type EvaluationImage, pyramid, type TrainingImage } from "../src/index.ts";

/** A safetensors file of ours, or of a DRN with PyTorch's names. */
export async function readModel(path: string): Promise<Model> {
  const bytes = new Uint8Array(await readFile(path));
  return readSafetensors(bytes).metadata.graph === undefined ? importPytorch(bytes) : decodeModel(bytes);
}

async function readImages(folder: string, scale: number): Promise<TrainingImage[]> {
  const names = (await readdir(folder)).filter((name) => /[.](png|jpe?g|webp|tiff?|gif)$/i.test(name)).sort();
  if (names.length === 0) throw new Error(`${folder} holds no images.`);
  return Promise.all(
    names.map(async (name) => {
      const hr = cropToMultiple((await decodeImage(join(folder, name))).image, scale);
      return { name, hr, lrs: lowResolutionImages(hr, scale) };
    }),
  );
}

export interface TrainingImages {
  images: TrainingImage[];
  /** How many were left out because a patch does not fit into them. */
  tooSmall: number;
}

/** The images of some folders of which patches of this side, in LR pixels, can be cut. */
export async function readTrainingImages(
  folders: readonly string[],
  scale: number,
  patchSize: number,
): Promise<TrainingImages> {
  const all = (await Promise.all(folders.map((folder) => readImages(folder, scale)))).flat();
  const images = all.filter((image) => Math.min(pyramid(image)[0].width, pyramid(image)[0].height) >= patchSize);
  return { images, tooSmall: all.length - images.length };
}

export interface EvaluationSet {
  name: string;
  images: EvaluationImage[];
}

/** A set for each folder; a folder named HR has the name of the one that it lies in. */
export async function readEvaluationSets(folders: readonly string[], scale: number): Promise<EvaluationSet[]> {
  const sets: EvaluationSet[] = [];
  for (const folder of folders) {
    const read = await readImages(folder, scale);
    const name = basename(folder) === "HR" ? basename(join(folder, "..")) : basename(folder);
    sets.push({ name, images: read.map((image) => ({ name: image.name, hr: image.hr, lr: image.lrs[0] })) });
  }
  return sets;
}
