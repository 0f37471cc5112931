import type { KeyDetailResource, KeyResource, Scope } from "@drc/contracts";
import type { ApiKey, KeyUsage } from "@drc/database";

/** @param now by the database's clock, which decides what has expired. */
export function keyResource(row: ApiKey, now: Date): KeyResource {
  return {
    id: row.id,
    name: row.name,
    hint: row.hint,
    scopes: row.scopes as Scope[],
    limits: {
      queuedJobs: row.maxQueuedJobs,
      storedBytes: row.maxStoredBytes === null ? null : Number(row.maxStoredBytes),
      requestsPerMinute: row.maxRequestsPerMinute,
    },
    state: stateOf(row, now),
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
}

export function keyDetailResource(row: ApiKey, now: Date, usage: KeyUsage): KeyDetailResource {
  return { ...keyResource(row, now), usage };
}

function stateOf({ revokedAt, expiresAt }: ApiKey, now: Date): KeyResource["state"] {
  if (revokedAt) return "revoked";
  return expiresAt !== null && expiresAt <= now ? "expired" : "active";
}
