import { z } from "zod";

/** The prefix of each kind of identifier, so that one in a log or an error says what it is. */
const PREFIXES = {
  apiKey: "key",
  checkpoint: "chk",
  compression: "cmp",
  dataset: "ds",
  job: "job",
  message: "msg",
  model: "mdl",
  sweep: "swp",
  upload: "upl",
  webhook: "whe",
  worker: "wrk",
} as const;

export type IdentifierKind = keyof typeof PREFIXES;

/** A new identifier such as `job_k3v…`: the prefix and 100 random bits, lower case letters and digits. */
export function newId(kind: IdentifierKind): string {
  const bytes = crypto.getRandomValues(new Uint8Array(13));
  const random = BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`)
    .toString(36)
    .padStart(21, "0");
  return `${PREFIXES[kind]}_${random.slice(-20)}`;
}

function identifier(kind: IdentifierKind) {
  const prefix = PREFIXES[kind];
  return z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{20}$`), {
    error: `Expected the identifier of a ${kind}, such as "${prefix}_" and 20 letters and digits.`,
  });
}

export const apiKeyId = identifier("apiKey");
export const datasetId = identifier("dataset");
export const modelId = identifier("model");
export const jobId = identifier("job");
export const compressionId = identifier("compression");
export const sweepId = identifier("sweep");
export const uploadId = identifier("upload");
export const webhookId = identifier("webhook");
export const messageId = identifier("message");

/** A name for people; control characters would garble a terminal, and no database keeps half a surrogate pair. */
export const displayName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, {
    error: "Control characters, and halves of surrogate pairs, are not allowed in a name.",
  });

/** For finding things again, such as `nightly` or `customer=7`. */
export const label = z.string().regex(/^[\w.:=/-]{1,64}$/, {
  error: "A label has 1 to 64 letters, digits and _ . : = / -",
});
export const labels = z.array(label).max(20).default([]);
