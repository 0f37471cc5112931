import { createHash, randomUUID } from "node:crypto";
import { presignPart } from "./presign-part.ts";
import { INCOMING, keyOf, StoreClient, type StoreOptions } from "./store-client.ts";
import { guarded, StoreError } from "./store-error.ts";

/** A multipart upload whose parts come from somebody else, under a passing name. */
export interface OpenUpload {
  key: string;
  multipartId: string;
}

export interface ArrivedPart {
  number: number;
  sizeBytes: number;
  etag: string;
}

/** What lies under an upload's name once its parts are joined. */
export interface JoinedObject {
  sha256: string;
  sizeBytes: number;
}

/**
 * Uploads past this process: clients put the parts straight to the store, by URLs that are signed here without asking
 * it. What has come is checked before it becomes a blob. Failures of the store are `StoreError`s.
 */
export class PresignedUploads {
  private readonly client: StoreClient;
  private readonly publicOptions: StoreOptions;
  private readonly bucket: string;

  /** `publicEndpoint` is the address that clients reach, where it is another than ours. */
  constructor(options: StoreOptions, publicEndpoint = options.endpoint) {
    this.client = new StoreClient(options);
    this.publicOptions = { ...options, endpoint: publicEndpoint };
    this.bucket = options.bucket;
  }

  async start(): Promise<OpenUpload> {
    const key = `${INCOMING}${randomUUID()}`;
    const multipartId = await guarded("Starting an upload", () =>
      this.client.initiateNewMultipartUpload(this.bucket, key, {}),
    );
    return { key, multipartId };
  }

  /** A URL that takes one part of this size, and of no other, by PUT, for so many seconds. */
  partUrl(upload: OpenUpload, part: { number: number; sizeBytes: number }, seconds: number): string {
    return presignPart(this.publicOptions, upload, part, seconds);
  }

  /**
   * The parts that are whole in the store, the newest last; null where there is no such upload (any more). Some stores
   * list a part twice that was sent again with other bytes.
   */
  async arrivedParts({ key, multipartId }: OpenUpload): Promise<ArrivedPart[] | null> {
    try {
      const parts = await this.client.partsOf(this.bucket, key, multipartId);
      const sentAtMs = ({ lastModified }: { lastModified?: Date }) => lastModified?.getTime() ?? 0;
      parts.sort((a, b) => sentAtMs(a) - sentAtMs(b));
      return parts.map(({ part, etag, size }) => ({ number: Number(part), sizeBytes: Number(size), etag }));
    } catch (error) {
      if ((error as { code?: string }).code === "NoSuchUpload") return null;
      return guarded("Listing the parts of an upload", () => Promise.reject(error));
    }
  }

  async join({ key, multipartId }: OpenUpload, parts: readonly ArrivedPart[]): Promise<void> {
    await guarded("Joining the parts of an upload", () =>
      this.client.completeMultipartUpload(
        this.bucket,
        key,
        multipartId,
        parts.map(({ number, etag }) => ({ part: number, etag })),
      ),
    );
  }

  /** Reads what the parts gave once, a chunk at a time; null where nothing is there. */
  async examine({ key }: OpenUpload): Promise<JoinedObject | null> {
    try {
      return await guarded("Reading an upload", async () => {
        const hash = createHash("sha256");
        let sizeBytes = 0;
        for await (const chunk of await this.client.getObject(this.bucket, key)) {
          hash.update(chunk as Buffer);
          sizeBytes += (chunk as Buffer).length;
        }
        return { sha256: hash.digest("hex"), sizeBytes };
      });
    } catch (error) {
      if (error instanceof StoreError && error.code === "BLOB_MISSING") return null;
      throw error;
    }
  }

  /** Gives what was examined its lasting name. */
  async keepAs({ key }: OpenUpload, sha256: string): Promise<void> {
    await guarded(`Finishing the upload of ${sha256}`, async () => {
      await this.client.copyObject(this.bucket, keyOf(sha256), `/${this.bucket}/${key}`);
      await this.client.removeObject(this.bucket, key);
    });
  }

  /** Removes the parts, and the object that they gave: it may be gone already. */
  async remove({ key, multipartId }: OpenUpload): Promise<void> {
    await guarded("Removing an upload", async () => {
      await this.client.abortMultipartUpload(this.bucket, key, multipartId).catch((error: { code?: string }) => {
        if (error.code !== "NoSuchUpload") throw error;
      });
      await this.client.removeObject(this.bucket, key);
    });
  }
}
