import { ApiError } from "@drc/contracts";
import type { Transaction } from "@drc/database";

/** What changes a dataset's files, or makes a version of them, does so one after the other. */
export async function lockDataset(transaction: Transaction, id: string): Promise<void> {
  const rows = await transaction.$queryRaw<unknown[]>`SELECT 1 FROM "Dataset" WHERE id = ${id} FOR UPDATE`;
  if (rows.length === 0) throw missingDataset(id);
}

export function missingDataset(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no dataset ${id}.`);
}
