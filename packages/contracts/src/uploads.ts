/** Uploads that go to the object store past the API, in parts that are sent again one by one. */
import { z } from "zod";
import { displayName, uploadId } from "./identifiers.ts";

/** What stores copy at most in one request, and so what one upload may have. */
export const MAX_UPLOAD_BYTES = 5_000_000_000;

/** Of every part but the last, which has the rest. */
export const UPLOAD_PART_BYTES = 16 * 1024 * 1024;

/** A file's name, which may have folders; the server says more of what is wrong with one. */
const fileName = z.string().min(1).max(1000);

/** `POST /v1/uploads`: a file that is to be sent, by its hash. */
export const createUploadBody = z.strictObject({
  name: fileName,
  sizeBytes: z.int().min(1).max(MAX_UPLOAD_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: "Expected a SHA-256: 64 digits 0-9 and a-f." }),
});
export type CreateUploadBody = z.infer<typeof createUploadBody>;

export const uploadPart = z.strictObject({
  number: z.int().min(1),
  sizeBytes: z.int().min(1),
  /** Whether it is whole in the store. */
  arrived: z.boolean(),
  /** Where to PUT its bytes; null where it has arrived. */
  url: z.string().nullable(),
});
export type UploadPart = z.infer<typeof uploadPart>;

export const presignedUploadResource = z.strictObject({
  id: uploadId,
  name: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
  /** `complete`: its bytes are in the store and checked; it can be used in datasets and models. */
  state: z.enum(["open", "completing", "complete"]),
  partSizeBytes: z.int(),
  /** Empty unless it is open. */
  parts: z.array(uploadPart),
  createdAt: z.iso.datetime(),
  /** Then it is removed, with its parts. */
  expiresAt: z.iso.datetime(),
});
export type PresignedUploadResource = z.infer<typeof presignedUploadResource>;

/** `POST /v1/datasets/ID/files` with uploads that are complete. An archive is unpacked, and `name` is not used. */
export const addUploadsBody = z.strictObject({
  uploads: z
    .array(z.strictObject({ uploadId, name: fileName.optional() }))
    .min(1)
    .max(1000),
});
export type AddUploadsBody = z.infer<typeof addUploadsBody>;

/** What may be said of a model's file, uploaded either way. */
export const modelFields = {
  name: displayName.optional(),
  /** With either, another architecture is refused. */
  preset: z.string().max(50).optional(),
};

/** `POST /v1/models` with an upload that is complete. */
export const createModelBody = z.strictObject({ uploadId, ...modelFields, scale: z.int().optional() });
export type CreateModelBody = z.infer<typeof createModelBody>;
