/** Blobs in an S3 store, by the MinIO client. */
export * from "./blob-store.ts";
export * from "./bucket-contents.ts";
export * from "./presigned-uploads.ts";
export { keyOf, type StoreOptions } from "./store-client.ts";
export * from "./store-error.ts";
