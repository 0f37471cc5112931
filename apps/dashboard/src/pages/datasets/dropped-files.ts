/** A file that somebody chose or dropped, under its name with the folders that it came in. */
export interface GivenFile {
  name: string;
  file: File;
}

/** Of a choice; that of a folder has its path with each file. */
export function chosenFiles(list: FileList | null): GivenFile[] {
  return [...(list ?? [])].map((file) => ({ name: inFolder(file.webkitRelativePath) || file.name, file }));
}

/** All files of what was dropped, folders included. Hidden files are left out. */
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
  for (const entry of entries) await walk(entry, found, "");
  return found;
}

async function walk(entry: FileSystemEntry, found: GivenFile[], folder: string): Promise<void> {
  if (entry.name.startsWith(".") || entry.name === "__MACOSX") return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ name: folder + entry.name, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // Browsers give a folder in pieces, and an empty one at the end. The dropped folder itself is no part of the names.
  const inner = entry.fullPath.split("/").length > 2 ? `${folder}${entry.name}/` : folder;
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const one of entries) await walk(one, found, inner);
  }
}

/** Without the chosen folder itself, so that choosing and dropping a folder give the same names. */
function inFolder(path: string): string {
  return path.slice(path.indexOf("/") + 1);
}
