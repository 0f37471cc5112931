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

/** Fails statements of this transaction that would wait longer than this for a lock. */
export async function limitLockWaits(transaction: Transaction, limitMs: number): Promise<void> {
  await transaction.$executeRaw`SELECT set_config('lock_timeout', ${String(limitMs)}, true)`;
}

/** Taken by deletions, alone, before they look at what uses the thing. */
export async function lockInputs(transaction: Transaction): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${INPUT_LOCK}::bigint)`;
}
