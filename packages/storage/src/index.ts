/** Blobs in an S3 store, by the MinIO client. */
export * from "./blob-store.ts";
export * from "./presigned-uploads.ts";
export type { StoreOptions } from "./store-client.ts";
export * from "./store-error.ts";
