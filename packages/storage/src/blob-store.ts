import { createHash, randomUUID } from "node:crypto";
import { Readable, Transform } from "node:stream";
import { MultipartUpload } from "./multipart-upload.ts";
import { keyOf, PART_BYTES, StoreClient, type StoreOptions } from "./store-client.ts";
import { asStoreError, guarded, StoreError } from "./store-error.ts";

export interface StoredBlob {
  sha256: string;
  sizeBytes: number;
}

/**
 * Immutable blobs in any S3 store, each under its SHA-256. Equal bytes are one object; what is read is verified.
 * Failures of the store are `StoreError`s.
 */
export class BlobStore {
  private readonly client: StoreClient;
  private readonly bucket: string;
  private readonly region: string;

  constructor(options: StoreOptions) {
    this.client = new StoreClient(options);
    this.bucket = options.bucket;
    this.region = options.region;
  }

  /** Makes the bucket where there is none. */
  async ensureBucket(): Promise<void> {
    await guarded(`Making the bucket ${this.bucket}`, async () => {
      if (!(await this.client.bucketExists(this.bucket))) {
        await this.client.makeBucket(this.bucket, this.region).catch((error: { code?: string }) => {
          // Another process was faster.
          if (error.code !== "BucketAlreadyOwnedByYou" && error.code !== "BucketAlreadyExists") throw error;
        });
      }
    });
  }

  /** Writes and reads a small object: a store that only answers on its health page is not ready. */
  async check(): Promise<void> {
    const key = `checks/${randomUUID()}`;
    await guarded(`Writing to the bucket ${this.bucket}`, async () => {
      await this.client.putObject(this.bucket, key, Buffer.from(key));
      const bytes = await collect(await this.client.getObject(this.bucket, key));
      await this.client.removeObject(this.bucket, key);
      if (bytes.toString() !== key) throw new StoreError("BLOB_CORRUPT", "The store gave back other bytes.");
    });
  }

  /**
   * Stores bytes; a stream is hashed on its way and never held whole.
   * @throws StoreError `TOO_LARGE` where a stream has more than `maxBytes`; nothing is stored then. An error of the
   * stream itself is passed on as it is.
   */
  async put(source: Uint8Array | Readable, maxBytes = Number.POSITIVE_INFINITY): Promise<StoredBlob> {
    if (!(source instanceof Readable)) {
      return this.putBytes(Buffer.from(source.buffer, source.byteOffset, source.length));
    }
    const hash = createHash("sha256");
    let sizeBytes = 0;
    let pending: Buffer[] = [];
    let pendingBytes = 0;
    let upload: MultipartUpload | undefined;
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        sizeBytes += chunk.length;
        if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
        hash.update(chunk);
        pending.push(chunk);
        pendingBytes += chunk.length;
        if (pendingBytes < PART_BYTES) continue;
        upload ??= await MultipartUpload.start(this.client, this.bucket);
        await upload.add(Buffer.concat(pending));
        pending = [];
        pendingBytes = 0;
      }
      const rest = Buffer.concat(pending);
      if (!upload) return this.putBytes(rest);
      if (rest.length > 0) await upload.add(rest);
      const sha256 = hash.digest("hex");
      await upload.finish(keyOf(sha256));
      return { sha256, sizeBytes };
    } catch (error) {
      await upload?.abort();
      throw error;
    }
  }

  /** The whole blob; its hash is checked. */
  async read(sha256: string): Promise<Buffer> {
    return guarded(`Reading the blob ${sha256}`, async () => collect(await this.stream(sha256)));
  }

  /** The blob as a stream, which ends with an error where its hash is wrong. */
  async stream(sha256: string): Promise<Readable> {
    const source = await guarded(`Reading the blob ${sha256}`, () => this.client.getObject(this.bucket, keyOf(sha256)));
    const hash = createHash("sha256");
    const check = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
      flush(done) {
        const found = hash.digest("hex");
        if (found === sha256) done();
        else done(new StoreError("BLOB_CORRUPT", `The blob ${sha256} came back with the hash ${found}.`));
      },
    });
    source.on("error", (error) => check.destroy(asStoreError(error, `Reading the blob ${sha256}`)));
    check.on("close", () => source.destroy());
    return source.pipe(check);
  }

  /** At most the first `sizeBytes` of the blob, unverified: enough to tell what it is. */
  async head(sha256: string, sizeBytes: number): Promise<Buffer> {
    return guarded(`Reading the blob ${sha256}`, async () =>
      collect(await this.client.getPartialObject(this.bucket, keyOf(sha256), 0, sizeBytes)),
    );
  }

  /** Whether the blob is there. */
  async has(sha256: string): Promise<boolean> {
    try {
      await guarded(`Looking for the blob ${sha256}`, () => this.client.statObject(this.bucket, keyOf(sha256)));
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.code === "BLOB_MISSING") return false;
      throw error;
    }
  }

  private async putBytes(bytes: Buffer): Promise<StoredBlob> {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await guarded(`Storing the blob ${sha256}`, () =>
      this.client.putObject(this.bucket, keyOf(sha256), bytes, bytes.length),
    );
    return { sha256, sizeBytes: bytes.length };
  }
}

function tooLarge(maxBytes: number): StoreError {
  return new StoreError("TOO_LARGE", `More than the ${maxBytes} bytes that are allowed.`);
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
