import type { Transaction } from "@drc/database";

const known = new WeakMap<Transaction, Map<string, Promise<unknown>>>();

/**
 * Reads something once in a transaction: jobs that are submitted together are mostly about the same datasets and models.
 * @param name says what is read, and of what.
 */
export function readOnce<Found>(transaction: Transaction, name: string, read: () => Promise<Found>): Promise<Found> {
  const reads = known.get(transaction) ?? new Map<string, Promise<unknown>>();
  known.set(transaction, reads);
  const found = reads.get(name) ?? read();
  reads.set(name, found);
  return found as Promise<Found>;
}
