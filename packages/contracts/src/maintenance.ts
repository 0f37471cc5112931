import { z } from "zod";

const count = z.int().min(0);

/** What a collection has removed, by `POST /v1/maintenance/collect` or by itself once an hour. */
export const collectionResource = z.strictObject({
  /** Checkpoints of jobs that ended long ago, and those that newer ones have followed. */
  checkpoints: count,
  /** Uploads whose time was over, complete or not. */
  expiredUploads: count,
  /** What requests and processes that broke off had left in the store. */
  leftovers: count,
  /** Blobs that nothing refers to. */
  blobs: count,
  /** Of blobs and leftovers. */
  bytes: count,
});
export type CollectionResource = z.infer<typeof collectionResource>;

/** Of `DELETE` of jobs and compressions: whether the models that they made go with them. */
export const deleteJobsQuery = z.strictObject({
  models: z.stringbool({ truthy: ["true"], falsy: ["false"] }).default(false),
});
