/** A file that somebody chose or dropped, under its name with the folders that it came in. */
export interface GivenFile {
  name: string;
  file: File;
}

/**
 * Of a choice; in that of a folder each file has its path. The chosen folder is a part of it only where it says that its files
 * are HR or LR images. Hidden files in it are left out, as they are of a folder that is dropped.
 */
export function chosenFiles(files: Iterable<File> | null): GivenFile[] {
  return [...(files ?? [])].flatMap((file) => {
    const [folder, ...inner] = file.webkitRelativePath.split("/");
    if (inner.length === 0) return [{ name: file.name, file }];
    return inner.some(isHidden) ? [] : [{ name: `${prefixOf(folder)}${inner.join("/")}`, file }];
  });
}

/**
 * All files of what was dropped, folders included. Of several folders each is a part of the names of its files, which are told
 * apart by it; one alone as where it is chosen. Hidden files in folders are left out. Throws what the browser says where one
 * cannot be read.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  // The list is empty as soon as something is waited for.
  const found: GivenFile[] = [];
  const entries = [...transfer.items].flatMap((item) => {
    const entry = item.webkitGetAsEntry();
    if (entry) return [entry];
    // What another page gives has no place in a folder.
    const file = item.getAsFile();
    if (file) found.push({ name: file.name, file });
    return [];
  });
  const folders = entries.filter(({ isDirectory }) => isDirectory).length;
  for (const entry of entries) {
    if (entry.isFile) found.push({ name: entry.name, file: await fileOf(entry) });
    else await walk(entry, found, folders > 1 ? `${entry.name}/` : prefixOf(entry.name));
  }
  return found;
}

/** Pairs are told by such words, as docs/images.md says: without them the second folder would replace the first one. */
function prefixOf(folder: string): string {
  const words = folder.toLowerCase().split(/[^a-z0-9]+/);
  return words.some((word) => /^(hr|gt|(lr|lq)(x\d+)?)$/.test(word)) ? `${folder}/` : "";
}

function isHidden(name: string): boolean {
  return name.startsWith(".") || name === "__MACOSX";
}

function fileOf(entry: FileSystemEntry): Promise<File> {
  return new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
}

/** @param prefix of the names of what is in the folder */
async function walk(folder: FileSystemEntry, found: GivenFile[], prefix: string): Promise<void> {
  const reader = (folder as FileSystemDirectoryEntry).createReader();
  // Browsers give a folder in pieces, and an empty one at the end.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const name = `${prefix}${entry.name}`;
      if (entry.isFile) found.push({ name, file: await fileOf(entry) });
      else await walk(entry, found, `${name}/`);
    }
  }
}
