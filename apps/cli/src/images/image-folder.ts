import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { CliError, EXIT } from "../cli-error.ts";
import { fileReason } from "../file-reason.ts";

export interface ImageFile {
  /** The file's name without its extension: what pairs HR with LR images. */
  key: string;
  path: string;
}

const EXTENSIONS = new Set([".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp"]);

/**
 * The images of a folder by name, in the order of their names; subfolders and other files are left out.
 * `field` is the option that named the folder, for messages. Throws when there is none, or two of one name.
 */
export async function listImages(folder: string, field: string): Promise<ImageFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(folder, field, cause);
  });
  const files = entries
    .filter((entry) => !entry.isDirectory() && isImageName(entry.name))
    .map(({ name }) => ({ key: name.slice(0, -extname(name).length), path: join(folder, name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0) {
    const known = [...EXTENSIONS].filter((extension) => extension !== ".bmp").join(", ");
    const below = await subfolderWithImages(folder);
    throw new CliError(
      `${field}: ${folder} holds no images; give a folder with files that end in ${known}` +
        `${below === undefined ? "" : `, such as ${below}`}`,
      EXIT.usage,
    );
  }
  const seen = new Map<string, string>();
  for (const { key, path } of files) {
    const other = seen.get(key);
    if (other) throw new CliError(`${field}: ${other} and ${path} have one name; rename or remove one`, EXIT.usage);
    seen.set(key, path);
  }
  return files;
}

/**
 * The images of a folder and of all folders below, in the order of their paths, for pairs: names alone tell HR from LR
 * images, so two may have one name. Throws where there is none.
 */
export async function listImagesBelow(folder: string, field: string): Promise<string[]> {
  const names = await namesBelow(folder).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(folder, field, cause);
  });
  const images = names.filter(isImageName);
  if (images.length > 0) return images.map((name) => join(folder, name));
  throw new CliError(`${field}: ${folder} holds no images; give a folder with HR and LR images`, EXIT.usage);
}

/** Names of files that `listImages` leaves out; hidden files, which nobody takes for images, are not named. */
export async function otherFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith(".") && !isImageName(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** The same of `listImagesBelow`. */
export async function otherFilesBelow(folder: string): Promise<string[]> {
  return (await namesBelow(folder)).filter((name) => !isImageName(name));
}

/**
 * Of all files below that are not hidden, relative to the folder. Links are followed, for HR and LR folders are often
 * links into a collection elsewhere; one that leads to a folder above it is not.
 */
async function namesBelow(folder: string, above: readonly string[] = []): Promise<string[]> {
  const place = await realpath(folder);
  if (above.includes(place)) return [];
  const names: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith(".")) continue;
    const path = join(folder, name);
    if (!(await stat(path)).isDirectory()) names.push(name);
    else for (const below of await namesBelow(path, [...above, place])) names.push(`${name}/${below}`);
  }
  return names;
}

async function subfolderWithImages(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.filter((candidate) => candidate.isDirectory())) {
    const below = join(folder, entry.name);
    if ((await readdir(below).catch((): string[] => [])).some(isImageName)) return below;
  }
  return undefined;
}

/** Of the folder itself, or of what lies below it, such as a link that leads nowhere. */
function unreadable(folder: string, field: string, cause: NodeJS.ErrnoException): CliError {
  const { path = folder } = cause;
  const remedy = path === folder ? "give a folder of images" : "mend or remove this file or link";
  return new CliError(`${field}: ${path} cannot be read (${fileReason(cause)}); ${remedy}`, EXIT.usage);
}

/** BMP, which cannot be read, among them: such a file is refused with the reason, and not passed over. */
function isImageName(name: string): boolean {
  return EXTENSIONS.has(extname(name).toLowerCase());
}
