import { createHash, randomUUID } from "node:crypto";
import { PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BlobReference } from "@drc/contracts";
import { Client } from "minio";
import { asStoreError, StoreError } from "./store-error.ts";

export interface StoreOptions {
  /** Such as `http://127.0.0.1:9000`. */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  region: string;
  bucket: string;
}

/** Longer sources go up in parts of this size; one part at a time is held in memory. */
const PART_BYTES = 8 * 1024 * 1024;

/**
 * Immutable blobs in any S3 store, each under its SHA-256. Equal bytes are one object; what is read is verified.
 * Every method throws `StoreError`.
 */
export class BlobStore {
  private readonly client: Client;
  private readonly bucket: string;
  private readonly region: string;

  constructor({ endpoint, accessKey, secretKey, region, bucket }: StoreOptions) {
    const { protocol, hostname, port } = new URL(endpoint);
    this.client = new Client({
      endPoint: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? undefined : Number(port),
      useSSL: protocol === "https:",
      accessKey,
      secretKey,
      // Without a region each first request asks the server for it.
      region,
      pathStyle: true,
      partSize: PART_BYTES,
    });
    this.bucket = bucket;
    this.region = region;
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
   * @throws StoreError `TOO_LARGE` where a stream has more than `maxBytes`; nothing is stored then.
   */
  async put(source: Uint8Array | Readable, maxBytes = Number.POSITIVE_INFINITY): Promise<BlobReference> {
    if (!(source instanceof Readable))
      return this.putBytes(Buffer.from(source.buffer, source.byteOffset, source.length));
    const head: Buffer[] = [];
    let headBytes = 0;
    const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (;;) {
      const { done, value } = await chunks.next();
      if (done) return this.putBytes(Buffer.concat(head));
      head.push(value);
      headBytes += value.length;
      if (headBytes > maxBytes) {
        source.destroy();
        throw tooLarge(maxBytes);
      }
      if (headBytes > PART_BYTES) break;
    }
    return this.putLong(head, chunks, maxBytes);
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

  private async putBytes(bytes: Buffer): Promise<BlobReference> {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await guarded(`Storing the blob ${sha256}`, () =>
      this.client.putObject(this.bucket, keyOf(sha256), bytes, bytes.length),
    );
    return { sha256, sizeBytes: bytes.length };
  }

  /** The hash is known at the end only: uploaded under a passing name, then copied within the store. */
  private async putLong(
    head: readonly Buffer[],
    rest: AsyncIterator<Buffer>,
    maxBytes: number,
  ): Promise<BlobReference> {
    const passing = `incoming/${randomUUID()}`;
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const counted = new PassThrough();
    const feeding = pipeline(
      async function* () {
        yield* head;
        for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
      },
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          sizeBytes += chunk.length;
          if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
          hash.update(chunk);
          yield chunk;
        }
      },
      counted,
    );
    await guarded("Storing a blob", async () => {
      const uploading = this.client.putObject(this.bucket, passing, counted);
      await Promise.all([uploading, feeding]);
    });
    const sha256 = hash.digest("hex");
    await guarded(`Storing the blob ${sha256}`, async () => {
      await this.client.copyObject(this.bucket, keyOf(sha256), `/${this.bucket}/${passing}`);
      await this.client.removeObject(this.bucket, passing);
    });
    return { sha256, sizeBytes };
  }
}

function keyOf(sha256: string): string {
  return `blobs/${sha256.slice(0, 2)}/${sha256}`;
}

function tooLarge(maxBytes: number): StoreError {
  return new StoreError("TOO_LARGE", `More than the ${maxBytes} bytes that are allowed.`);
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function guarded<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw asStoreError(error, what);
  }
}
