import type { Transaction } from "./client.ts";

/** Any number. */
const INPUT_LOCK = 7_207_929_004;

/**
 * Taken by everything that creates, before it looks at what it refers to: nothing of that is deleted until the
 * transaction has ended.
 */
export async function shareInputs(transaction: Transaction): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock_shared(${INPUT_LOCK}::bigint)`;
}

/** Taken by deletions, alone, before they look at what uses the thing. */
export async function lockInputs(transaction: Transaction): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${INPUT_LOCK}::bigint)`;
}
