/** Files that are too large for one request. */
import type { PresignedUploadResource } from "@drc/contracts";
import { client } from "./client.ts";

/** A larger file goes to the store in parts. */
const LARGE_BYTES = 16_000_000;

export function isSentInParts(file: Blob): boolean {
  return file.size > LARGE_BYTES;
}

/** Sends it to the store; one that was broken off before goes on with the parts that are missing. */
export async function sendInParts(
  name: string,
  file: Blob,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<PresignedUploadResource> {
  const { hashFile } = await import("./hash-file.ts");
  const sha256 = await hashFile(file, signal);
  return client.uploads.send({ name, data: file }, { sha256, signal, onProgress: onSent });
}
