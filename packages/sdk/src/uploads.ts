import type { CreateUploadBody, PresignedUploadResource } from "@drc/contracts";
import { asBlob, type UploadFile } from "./datasets.ts";
import { pause } from "./retry.ts";
import type { RequestOptions, Transport } from "./transport.ts";

/** Between two questions whether an upload is complete. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;

export interface SendOptions extends RequestOptions {
  /** Of the file, 64 hexadecimal digits. Left out, it is computed, for which all bytes are in memory at once. */
  sha256?: string;
  /** Gets how many bytes the server has, those included that it had before; once at the beginning and after each part. */
  onProgress?(sentBytes: number): void;
}

/** Large files, in parts that go straight to the object store. */
export class Uploads {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /**
   * Sends a file, part by part, but for the parts and files that the server has already; after an interruption the same
   * call goes on. What it gives is `complete`: its identifier goes to `datasets.addUploads` or `models.create`.
   */
  async send(
    { name, data }: UploadFile,
    { sha256, onProgress, ...options }: SendOptions = {},
  ): Promise<PresignedUploadResource> {
    const blob = asBlob(data);
    const hash = sha256 ?? (await sha256Of(blob));
    const upload = await this.create({ name, sizeBytes: blob.size, sha256: hash }, options);
    if (upload.state === "complete") return upload;
    let sentBytes = upload.parts.reduce((sum, { arrived, sizeBytes }) => sum + (arrived ? sizeBytes : 0), 0);
    onProgress?.(sentBytes);
    for (const { number, sizeBytes, url } of upload.parts) {
      if (url === null) continue;
      const from = (number - 1) * upload.partSizeBytes;
      await this.transport.put(url, blob.slice(from, from + sizeBytes), options.signal);
      sentBytes += sizeBytes;
      onProgress?.(sentBytes);
    }
    return this.complete(upload.id, options);
  }

  /** Announces a file. One of the same bytes that is still open goes on. */
  create(body: CreateUploadBody, options?: RequestOptions): Promise<PresignedUploadResource> {
    return this.transport.post("/v1/uploads", { ...options, json: body, creates: true });
  }

  get(id: string, options?: RequestOptions): Promise<PresignedUploadResource> {
    return this.transport.get(pathOf(id), options);
  }

  /**
   * Joins the parts, and checks size and hash. Asking again is harmless. Large files take minutes: the server is asked
   * until it is done.
   */
  async complete(id: string, options?: RequestOptions): Promise<PresignedUploadResource> {
    for (let asked = 1; ; asked++) {
      const upload: PresignedUploadResource = await this.transport.post(`${pathOf(id)}/complete`, {
        ...options,
        repeatable: true,
      });
      if (upload.state === "complete") return upload;
      await pause(Math.min(asked * FIRST_DELAY_MS, LONGEST_DELAY_MS), options?.signal);
    }
  }

  /** With its parts. */
  delete(id: string, options?: RequestOptions): Promise<void> {
    return this.transport.remove(pathOf(id), options);
  }
}

async function sha256Of(blob: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pathOf(id: string): string {
  return `/v1/uploads/${encodeURIComponent(id)}`;
}
