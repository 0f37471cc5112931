import { relative } from "node:path";
import type { DatasetContent, DatasetInput } from "@drc/contracts";
import type { DrcClient, NewDatasetVersion } from "@drc/sdk";
import { listImages, listImagesBelow, otherFiles, otherFilesBelow } from "../images/image-folder.ts";
import { describeBadFile, makeDataset } from "../server/make-dataset.ts";
import { followJob } from "../watch/follow.ts";
import { stageDisplay } from "../watch/stage-display.ts";

/** A folder whose images are to become a dataset version. */
export interface ImageFolder {
  folder: string;
  content: DatasetContent;
  paths: string[];
}

/** The images of a folder; of pairs also those in folders below. `field` is the option that named it. */
export async function findImages(field: string, folder: string, content: DatasetContent): Promise<ImageFolder> {
  const paths =
    content === "pairs"
      ? await listImagesBelow(folder, field)
      : (await listImages(folder, field)).map(({ path }) => path);
  return { folder, content, paths };
}

/** Makes the dataset, and says on standard error what of the folder is left out. */
export async function uploadImages(
  client: DrcClient,
  { folder, content, paths }: ImageFolder,
  settings: Omit<NewDatasetVersion, "content">,
): Promise<DatasetInput> {
  const others = await (content === "pairs" ? otherFilesBelow : otherFiles)(folder);
  if (others.length > 0) say(`${folder}: left out, as no images: ${others.join(", ")}`);
  const display = stageDisplay(process.stderr);
  const files = paths.map((path) => ({ path, name: relative(folder, path) }));
  const dataset = { name: folder, files, version: { ...settings, content } };
  const { input, badFiles } = await makeDataset(client, dataset, (ingest) => followJob(client, ingest, display));
  for (const badFile of badFiles) say(`${folder}: left out: ${describeBadFile(badFile)}`);
  return input;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
