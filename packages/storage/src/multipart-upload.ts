import { randomUUID } from "node:crypto";
import type { Client } from "minio";
import { INCOMING } from "./store-client.ts";
import { guarded } from "./store-error.ts";

const PART_TRIES = 3;

/**
 * The upload of a stream whose hash, and thus whose key, is known only at its end: parts under a passing name, then
 * a copy within the store. The client's own upload of streams does not notice when its source breaks off.
 */
export class MultipartUpload {
  private readonly client: Client;
  private readonly bucket: string;
  private readonly key: string;
  private readonly uploadId: string;
  private readonly parts: { part: number; etag: string }[] = [];

  private constructor(client: Client, bucket: string, key: string, uploadId: string) {
    this.client = client;
    this.bucket = bucket;
    this.key = key;
    this.uploadId = uploadId;
  }

  static async start(client: Client, bucket: string): Promise<MultipartUpload> {
    const key = `${INCOMING}${randomUUID()}`;
    const uploadId = await guarded("Starting an upload", () => client.initiateNewMultipartUpload(bucket, key, {}));
    return new MultipartUpload(client, bucket, key, uploadId);
  }

  /** Adds the next part; only this part is sent again where the connection breaks. */
  async add(bytes: Buffer): Promise<void> {
    const partNumber = this.parts.length + 1;
    const part = { bucketName: this.bucket, objectName: this.key, uploadID: this.uploadId, partNumber };
    await guarded(`Storing part ${partNumber} of an upload`, async () => {
      for (let tryNumber = 1; ; tryNumber++) {
        try {
          const headers = { "Content-Length": String(bytes.length) };
          const { etag } = await this.client.uploadPart({ ...part, headers }, bytes);
          this.parts.push({ part: partNumber, etag });
          return;
        } catch (error) {
          if (tryNumber === PART_TRIES) throw error;
        }
      }
    });
  }

  async finish(key: string): Promise<void> {
    await guarded(`Finishing the upload of ${key}`, async () => {
      await this.client.completeMultipartUpload(this.bucket, this.key, this.uploadId, this.parts);
      await this.client.copyObject(this.bucket, key, `/${this.bucket}/${this.key}`);
      await this.client.removeObject(this.bucket, this.key);
    });
  }

  /** Parts that are up already would otherwise stay for ever; where this fails too, the first error counts. */
  async abort(): Promise<void> {
    await this.client.abortMultipartUpload(this.bucket, this.key, this.uploadId).catch(() => {});
  }
}
