import { createHash, randomBytes } from "node:crypto";
import type { PresignedUploadResource, UploadPart } from "@drc/contracts";
import type { StoreOptions } from "@drc/storage";
import { Client } from "minio";
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

export function rawClient({ endpoint, accessKey, secretKey, region }: StoreOptions): Client {
  const { hostname, port } = new URL(endpoint);
  return new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, region });
}

/** Passing objects and unfinished uploads in the bucket. */
export async function leftovers(s3: StoreOptions): Promise<string[]> {
  const client = rawClient(s3);
  const names: string[] = [];
  for await (const item of client.listObjectsV2(s3.bucket, "incoming/", true)) names.push(item.name);
  for await (const item of client.listIncompleteUploads(s3.bucket, "incoming/", true)) names.push(item.key);
  return names;
}
