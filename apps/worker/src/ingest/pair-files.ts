import type { FieldError } from "@drc/contracts";
import { describeUnpaired, pairByName } from "@drc/imaging";
import type { LocalFile } from "../protocol.ts";

/** What one image of a dataset version is made of: an HR image, an LR image, or both. */
export interface SourceImage {
  name: string;
  hr?: LocalFile;
  lr?: LocalFile;
}

export interface PairedFiles {
  images: SourceImage[];
  badFiles: FieldError[];
  /** Counts and first names of the files without a partner; absent where each has one. */
  unpaired?: string;
}

/** Folders that say which side their files are on, as people and training programs call them. */
const HR_FOLDER = /^(hr|gt)$/;
const LR_FOLDER = /^(lr|lq)(x\d+)?$/;

interface KeyedFile {
  key: string;
  file: LocalFile;
}

/**
 * Pairs HR with LR files by name. A folder decides on the side (`HR/0001.png`, `DIV2K_train_LR_bicubic/X4/0001x4.png`);
 * without one, a name with the scale at its end (`0001x4.png`) is of an LR image. The rest of the path, without the
 * extension, has to be equal, but for that ending.
 */
export function pairFiles(files: readonly LocalFile[], scale: number): PairedFiles {
  const sides: Record<"hr" | "lr", KeyedFile[]> = { hr: [], lr: [] };
  for (const file of files) {
    const { side, key } = placeOf(file.name, scale);
    sides[side].push({ key, file });
  }
  const pairing = pairByName(sides.hr, sides.lr, scale);
  const finding = (code: string, detail: string) => (alone: KeyedFile) => ({ file: alone.file.name, code, detail });
  const badFiles: FieldError[] = [
    ...pairing.hrAlone.map(finding("UNPAIRED", "No LR image has this name.")),
    ...pairing.lrAlone.map(finding("UNPAIRED", "No HR image has this name.")),
    ...pairing.rivals.flatMap((rivals) => {
      const names = rivals.map(({ file }) => file.name).join(" and ");
      return rivals.map(finding("AMBIGUOUS_PAIR", `${names} have one place in a pair; remove all but one.`));
    }),
  ];
  const alone = pairing.hrAlone.length + pairing.lrAlone.length;
  return {
    images: pairing.pairs.map(({ hr, lr }) => ({ name: hr.file.name, hr: hr.file, lr: lr.file })),
    badFiles,
    ...(alone > 0 ? { unpaired: describeUnpaired(pairing, scale) } : {}),
  };
}

function placeOf(name: string, scale: number): { side: "hr" | "lr"; key: string } {
  const folders = name.split("/");
  const fileName = folders.pop() as string;
  const stem = fileName.replace(/\.[^.]+$/, "");
  const sideAt = folders.findLastIndex((folder) => sideOfFolder(folder) !== undefined);
  if (sideAt === -1) {
    return { side: stem.endsWith(`x${scale}`) ? "lr" : "hr", key: [...folders, stem].join("/") };
  }
  const side = sideOfFolder(folders[sideAt]) as "hr" | "lr";
  const isScale = (folder: string) => side === "lr" && folder.toLowerCase() === `x${scale}`;
  const kept = folders.filter((folder, i) => i !== sideAt && !isScale(folder));
  return { side, key: [...kept, stem].join("/") };
}

function sideOfFolder(folder: string): "hr" | "lr" | undefined {
  const words = folder.toLowerCase().split(/[^a-z0-9]+/);
  const isHr = words.some((word) => HR_FOLDER.test(word));
  const isLr = words.some((word) => LR_FOLDER.test(word));
  if (isHr === isLr) return undefined;
  return isHr ? "hr" : "lr";
}
