/** API keys: what each may do, how much of it, and the sessions that browsers sign in with. */
import { z } from "zod";
import { apiKeyId, displayName } from "./identifiers.ts";

/** Each includes those before it: to read; to upload, submit and act on jobs; to administer keys and the like. */
export const SCOPES = ["read", "submit", "admin"] as const;
export const scope = z.enum(SCOPES);
export type Scope = z.infer<typeof scope>;

/** Whether a key of these scopes may do what needs `needed`. */
export function includesScope(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some((given) => SCOPES.indexOf(given) >= SCOPES.indexOf(needed));
}

const scopes = z
  .array(scope)
  .min(1)
  .max(SCOPES.length)
  .refine((given) => new Set(given).size === given.length, { error: "Name each scope once." });

const timestamp = z.iso.datetime();
/** A moment that a request names; any offset. */
const moment = z.iso.datetime({ offset: true });
/** Postgres counts jobs and requests in 32 bits. */
const MAX_COUNT = 2_147_483_647;
const countLimit = z.int().min(1).max(MAX_COUNT).nullable();

/** What a key may use at most; null for no limit of its own. */
export const keyLimits = z.strictObject({
  /** Jobs that have not ended: blocked, queued, running, paused. */
  queuedJobs: countLimit,
  /** Of the dataset files and models that it uploaded; equal bytes count once. */
  storedBytes: z.int().min(1).nullable(),
  /** In the place of the server's own default. */
  requestsPerMinute: countLimit,
});
export type KeyLimits = z.infer<typeof keyLimits>;

export const createKeyBody = z.strictObject({
  name: displayName,
  scopes,
  /** Null, the default: never. */
  expiresAt: moment.nullable().default(null),
  limits: keyLimits.partial().default({}),
});

/** What is left out stays as it is. */
export const updateKeyBody = z
  .strictObject({
    name: displayName,
    scopes,
    expiresAt: moment.nullable(),
    limits: keyLimits.partial(),
  })
  .partial();
export type UpdateKeyBody = z.infer<typeof updateKeyBody>;

export const keyResource = z.strictObject({
  id: apiKeyId,
  name: z.string(),
  /** The key's first characters after `drc_`, to tell keys apart; null for one made before hints were kept. */
  hint: z.string().nullable(),
  scopes: z.array(scope),
  limits: keyLimits,
  state: z.enum(["active", "expired", "revoked"]),
  createdAt: timestamp,
  expiresAt: timestamp.nullable(),
  /** To the minute. */
  lastUsedAt: timestamp.nullable(),
  revokedAt: timestamp.nullable(),
});
export type KeyResource = z.infer<typeof keyResource>;

export const createdKeyResource = keyResource.extend({
  /** Shown this once; null where an answer is repeated for an Idempotency-Key. */
  key: z.string().nullable(),
});
export type CreatedKeyResource = z.infer<typeof createdKeyResource>;

const count = z.int().min(0);

export const keyDetailResource = keyResource.extend({
  usage: z.strictObject({ queuedJobs: count, storedBytes: count }),
});
export type KeyDetailResource = z.infer<typeof keyDetailResource>;

/** Body of `POST /v1/session`. Whether it is a key is for the server to say: what was sent stands in no message. */
export const createSessionBody = z.strictObject({ key: z.string().min(1).max(200) });

export const sessionResource = z.strictObject({
  name: z.string(),
  scopes: z.array(scope),
  /** To send as `x-csrf-token` with every request that is not a GET or HEAD. */
  csrfToken: z.string(),
  /** 12 hours after the last request. */
  expiresAt: timestamp,
});
export type SessionResource = z.infer<typeof sessionResource>;
