import { LEASED_STATES, makeJobError } from "@drc/contracts";
import type { Database } from "./client.ts";
import { endAttempt } from "./end-attempt.ts";
import type { Lease } from "./lease.ts";

/** Ends the attempts whose lease has run out by the database's clock; returns how many. */
export async function reapLeases(database: Database): Promise<number> {
  const expired = await database.$queryRaw<Lease[]>`
    SELECT id AS "jobId", "leaseToken" FROM "Job"
    WHERE state = ANY (${[...LEASED_STATES]}) AND "leaseToken" IS NOT NULL AND "leaseExpiresAt" < clock_timestamp()`;
  let reaped = 0;
  for (const lease of expired) {
    const error = makeJobError("LEASE_LOST", "Its worker has not renewed the lease.");
    // It may have been renewed since: then it is left alone.
    const state = await endAttempt(database, lease, { type: "failed", error }, { onlyIfExpired: true });
    if (state !== null) reaped++;
  }
  return reaped;
}
