/** What a sweep's file names on this machine: known by its bytes, and sent once. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import type { DatasetContent, DatasetInput, Scale } from "@drc/contracts";
import type { DrcClient } from "@drc/sdk";
import { CliError, EXIT } from "../cli-error.ts";
import { demoPhotographs } from "../demo/photographs.ts";
import { fileReason } from "../file-reason.ts";
import type { LocalFile } from "../server/client.ts";
import { describeBadFile, makeDataset } from "../server/make-dataset.ts";
import { findImages } from "../submit/upload-images.ts";
import { followJob } from "../watch/follow.ts";
import { stageDisplay } from "../watch/stage-display.ts";
import type { LocalImages } from "./sweep-file.ts";

export interface HashedImages extends LocalImages {
  name: string;
  files: LocalFile[];
  /** Of the files' names and bytes, and of the settings. */
  sha256: string;
}

/** Finds the images and hashes them, so that the same images are known again. */
export async function hashImages(images: LocalImages): Promise<HashedImages> {
  const { source, settings, field } = images;
  const { name, files } =
    "folder" in source
      ? await folderFiles(field, source.folder, settings.content ?? "hr")
      : await photographFiles(source.photographs);
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const file of files) hash.update(`\n${file.name}\n${await hashOf(field, file.path)}`);
  return { ...images, name, files, sha256: hash.digest("hex") };
}

async function folderFiles(field: string, folder: string, content: DatasetContent) {
  const { paths } = await findImages(field, folder, content);
  return { name: basename(folder), files: paths.map((path) => ({ path, name: relative(folder, path) })) };
}

async function photographFiles(use: "train" | "held-out") {
  const photographs = await demoPhotographs();
  const paths = use === "train" ? photographs.train : photographs.heldOut;
  return { name: `photographs, ${use}`, files: paths.map((path) => ({ path, name: basename(path) })) };
}

export async function hashOf(field: string, path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${field}: ${path} cannot be read (${fileReason(error)}).`, EXIT.usage);
  });
  return hash.digest("hex");
}

/** Makes the dataset's version, or takes the one that an earlier call has made of the same bytes within a day. */
export async function sendImages(
  client: DrcClient,
  { name, files, settings, sha256 }: HashedImages,
  scale: Scale,
  signal?: AbortSignal,
): Promise<DatasetInput> {
  say(`${name}: ${files.length} images`);
  const key = createHash("sha256")
    .update(JSON.stringify([name, scale, sha256]))
    .digest("hex");
  const dataset = { name, files, version: { ...settings, scale }, key };
  const display = stageDisplay(process.stderr);
  const { input, badFiles } = await makeDataset(client, dataset, (ingest) =>
    followJob(client, ingest, display, signal),
  );
  for (const badFile of badFiles) say(`${name}: left out: ${describeBadFile(badFile)}`);
  return input;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
