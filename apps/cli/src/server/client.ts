import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { formatModelCard, type ModelFormat, type ModelResource } from "@drc/contracts";
import { ConnectionError, DrcClient, ProblemError, UnexpectedAnswerError, type UploadFile } from "@drc/sdk";
import type { Connection } from "./connection-file.ts";
import { sendLarge } from "./send-parts.ts";

/** A file to upload, and its name in the dataset, which may have folders. */
export interface LocalFile {
  path: string;
  name: string;
}

/** Somebody waits at the terminal: a server that is away for longer is named at once. */
const RETRIES = { attempts: 3, firstDelayMs: 300, longestDelayMs: 10_000 };

export function clientOf(connection: Connection): DrcClient {
  return new DrcClient({ ...connection, retries: RETRIES });
}

/** Opened only: the bytes are read when they are sent. */
async function localFile({ path, name }: LocalFile): Promise<UploadFile> {
  return { name, data: await openAsBlob(path) };
}

/** Images of a dataset; large ones go to the store in parts. */
export async function uploadImageFiles(
  client: DrcClient,
  datasetId: string,
  files: readonly LocalFile[],
): Promise<void> {
  const small: LocalFile[] = [];
  for (const file of files) {
    const uploadId = await sendLarge(client, file.path, file.name);
    if (uploadId === null) small.push(file);
    else await client.datasets.addUploads(datasetId, [{ uploadId, name: file.name }]);
  }
  await client.datasets.upload(datasetId, await Promise.all(small.map(localFile)));
}

export async function uploadModelFile(client: DrcClient, path: string): Promise<ModelResource> {
  const name = basename(path);
  const uploadId = await sendLarge(client, path, name);
  if (uploadId === null) return client.models.upload(await localFile({ path, name }));
  return client.models.create({ uploadId });
}

/** A model's safetensors file, primal and dual networks, as it arrives. */
export async function modelFile(client: DrcClient, id: string, format?: ModelFormat): Promise<Readable> {
  return Readable.fromWeb((await client.models.download(id, { format })).stream as never);
}

/** A model's card as Markdown. */
export async function modelCardText(client: DrcClient, id: string, licence?: string): Promise<string> {
  return formatModelCard(await client.models.card(id, { licence }));
}

export async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The first `limit` items, and whether there are more of them. */
export async function firstOf<T>(items: AsyncIterable<T>, limit: number): Promise<{ items: T[]; more: boolean }> {
  const first: T[] = [];
  for await (const item of items) {
    if (first.length === limit) return { items: first, more: true };
    first.push(item);
  }
  return { items: first, more: false };
}

const WHERE_KEYS_ARE = "Give it with --key or DRC_API_KEY; in a data folder it stands in connection.json.";

/** What the server or the way to it says, as one line for the terminal; undefined for another error. */
export function serverErrorLine(error: unknown): string | undefined {
  if (error instanceof ProblemError) {
    const why = describeProblem(error);
    return error.status === 401 ? `${why} ${WHERE_KEYS_ARE}` : why;
  }
  if (error instanceof ConnectionError)
    return `${error.message.replace(/\.$/, "")}. Start a server with "npx drc up", or give its address with --url.`;
  return error instanceof UnexpectedAnswerError ? error.message : undefined;
}

/** What is wrong, and each field with its reason. */
function describeProblem({ message, errors }: ProblemError): string {
  if (errors.length === 0) return message;
  return errors.map(({ pointer, file, detail }) => `${pointer ?? file ?? ""}: ${detail}`.replace(/^: /, "")).join("; ");
}
