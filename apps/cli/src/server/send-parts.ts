import { createHash } from "node:crypto";
import { createReadStream, openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { MAX_UPLOAD_BYTES, type UploadPart } from "@drc/contracts";
import type { DrcClient } from "@drc/sdk";
import { CliError } from "../cli-error.ts";

/** Larger files go to the object store in parts, past the server. */
export const LARGE_FILE_BYTES = 64 * 1024 * 1024;

const PARALLEL_PARTS = 4;
/** Between the tries of a part. */
const RETRY_DELAYS_MS = [500, 1_000, 2_000];

type UploadCalls = Pick<DrcClient["uploads"], "create" | "complete" | "delete">;

export interface SentParts {
  uploadId: string;
  /** The numbers of the parts that had to be sent, in their order. */
  sent: number[];
}

/**
 * Sends a file in parts, several at once, each tried again where it fails. The server knows an upload of the same bytes
 * that was interrupted, and then asks only for what is missing.
 * @returns null where the store cannot be reached from here at all: then the file has to go through the server.
 */
export async function sendInParts(uploads: UploadCalls, path: string, name: string): Promise<SentParts | null> {
  const file = await openAsBlob(path);
  const upload = await uploads.create({ name, sizeBytes: file.size, sha256: await hashOf(path) });
  if (upload.state === "complete") return { uploadId: upload.id, sent: [] };
  const missing = upload.parts.filter(({ arrived }) => !arrived);
  const rest = missing.values();
  let reached = missing.length < upload.parts.length;
  let failed = false;
  try {
    await Promise.all(
      Array.from({ length: PARALLEL_PARTS }, async () => {
        for (const part of rest) {
          if (failed) return;
          const from = (part.number - 1) * upload.partSizeBytes;
          await sendPart(part, file.slice(from, from + part.sizeBytes));
          reached = true;
        }
      }),
    );
  } catch (error) {
    failed = true;
    if (!(error instanceof UnreachableError)) throw error;
    if (reached) throw new CliError(`${error.message} The same command again goes on with the other parts.`);
    await uploads.delete(upload.id);
    return null;
  }
  await uploads.complete(upload.id);
  return { uploadId: upload.id, sent: missing.map(({ number }) => number) };
}

/** The upload of a large file; null where it is not large, or has to go through the server. */
export async function sendLarge(client: DrcClient, path: string, name: string): Promise<string | null> {
  const { size } = await stat(path);
  if (size <= LARGE_FILE_BYTES || size > MAX_UPLOAD_BYTES) return null;
  return (await sendInParts(client.uploads, path, name))?.uploadId ?? null;
}

class UnreachableError extends Error {}

async function sendPart({ number, url }: UploadPart, bytes: Blob): Promise<void> {
  for (let tries = 0; ; tries++) {
    let why: string;
    let answered = false;
    try {
      const response = await fetch(url as string, { method: "PUT", body: bytes });
      if (response.ok) return;
      answered = true;
      why = `the store answered with status ${response.status}`;
    } catch (error) {
      why = (error as { cause?: Error }).cause?.message || (error as Error).message;
    }
    if (tries < RETRY_DELAYS_MS.length) {
      await wait(RETRY_DELAYS_MS[tries]);
      continue;
    }
    const message = `Part ${number} could not be sent (${why}).`;
    throw answered ? new CliError(message) : new UnreachableError(message);
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
