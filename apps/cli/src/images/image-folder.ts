import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { CliError, EXIT } from "../cli-error.ts";

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
    throw new CliError(`${field}: ${folder} cannot be read (${cause.code}); give a folder of images`, EXIT.usage);
  });
  const files = entries
    .filter((entry) => !entry.isDirectory() && EXTENSIONS.has(extname(entry.name).toLowerCase()))
    .map(({ name }) => ({ key: name.slice(0, -extname(name).length), path: join(folder, name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0) {
    const known = [...EXTENSIONS].join(", ");
    throw new CliError(
      `${field}: ${folder} holds no images; give a folder with files that end in ${known}`,
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
