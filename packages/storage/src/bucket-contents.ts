import type { OpenUpload } from "./presigned-uploads.ts";
import { INCOMING, StoreClient, type StoreOptions } from "./store-client.ts";
import { guarded, StoreError } from "./store-error.ts";

export interface StoredObject {
  key: string;
  sizeBytes: number;
  /** When it was last put. */
  modifiedAt: Date;
}

export interface UnfinishedUpload extends OpenUpload {
  startedAt: Date;
}

/** All that lies in the bucket, whoever knows of it: for those who clean it. Failures are `StoreError`s. */
export class BucketContents {
  private readonly client: StoreClient;
  private readonly bucket: string;

  constructor(options: StoreOptions) {
    this.client = new StoreClient(options);
    this.bucket = options.bucket;
  }

  /** Blobs whose hashes begin with these two digits. */
  blobs(hashPrefix: string): Promise<StoredObject[]> {
    return this.list(`blobs/${hashPrefix}/`);
  }

  /** What lies under passing names: uploads on their way, and what became of those that broke off. */
  incoming(): Promise<StoredObject[]> {
    return this.list(INCOMING);
  }

  /** Small objects that were written to try the store. */
  checks(): Promise<StoredObject[]> {
    return this.list("checks/");
  }

  /** Uploads whose parts were never joined. */
  unfinished(): Promise<UnfinishedUpload[]> {
    return guarded("Listing unfinished uploads", async () => {
      const found: UnfinishedUpload[] = [];
      for await (const upload of this.client.listIncompleteUploads(this.bucket, INCOMING, true)) {
        // The client's types leave the moment out.
        const { key, uploadId: multipartId, initiated } = upload as typeof upload & { initiated: Date };
        found.push({ key, multipartId, startedAt: initiated });
      }
      return found;
    });
  }

  /** Null where it is not there. */
  async find(key: string): Promise<StoredObject | null> {
    try {
      const { size, lastModified } = await guarded(`Looking for ${key}`, () =>
        this.client.statObject(this.bucket, key),
      );
      return { key, sizeBytes: size, modifiedAt: lastModified };
    } catch (error) {
      if (error instanceof StoreError && error.code === "BLOB_MISSING") return null;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await guarded(`Removing ${key}`, () => this.client.removeObject(this.bucket, key));
  }

  private list(prefix: string): Promise<StoredObject[]> {
    return guarded(`Listing ${prefix}`, async () => {
      const found: StoredObject[] = [];
      for await (const { name, size, lastModified } of this.client.listObjectsV2(this.bucket, prefix, true)) {
        found.push({ key: name, sizeBytes: size, modifiedAt: lastModified });
      }
      return found;
    });
  }
}
