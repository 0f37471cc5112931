import { createHash, randomBytes } from "node:crypto";
import type { PresignedUploadResource, UploadPart } from "@drc/contracts";
import { BucketContents, type StoreOptions } from "@drc/storage";
import type { TestApi } from "./api.ts";

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that no earlier test has stored: fast to make, however many. */
export function someBytes(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes, randomBytes(1 << 16));
  randomBytes(16).copy(bytes);
  return bytes;
}

export async function announce(api: TestApi, bytes: Uint8Array, name = "file.bin"): Promise<PresignedUploadResource> {
  const body = { name, sizeBytes: bytes.length, sha256: sha256(bytes) };
  const response = await api.post("/v1/uploads", body);
  if (response.statusCode !== 201) throw new Error(response.body);
  return response.json();
}

/** Puts one part where its URL says. */
export async function putPart(
  { partSizeBytes }: Pick<PresignedUploadResource, "partSizeBytes">,
  { number, sizeBytes, url }: UploadPart,
  bytes: Buffer,
): Promise<void> {
  const from = (number - 1) * partSizeBytes;
  const response = await fetch(url ?? "", {
    method: "PUT",
    body: new Uint8Array(bytes.subarray(from, from + sizeBytes)),
  });
  if (!response.ok) throw new Error(`Part ${number}: ${response.status} ${await response.text()}`);
}

/** Announces, sends and completes an upload. */
export async function uploadBytes(api: TestApi, bytes: Buffer, name: string): Promise<PresignedUploadResource> {
  const upload = await announce(api, bytes, name);
  if (upload.state === "complete") return upload;
  for (const part of upload.parts) await putPart(upload, part, bytes);
  return (await api.post(`/v1/uploads/${upload.id}/complete`)).json();
}

/** Passing objects and unfinished uploads in the bucket. */
export async function leftovers(s3: StoreOptions): Promise<string[]> {
  const bucket = new BucketContents(s3);
  return [...(await bucket.incoming()), ...(await bucket.unfinished())].map(({ key }) => key);
}
