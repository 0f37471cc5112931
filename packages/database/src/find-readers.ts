import { FINAL_STATES } from "@drc/contracts";
import type { Transaction } from "./client.ts";

/** What a job's spec may name. */
export type NamedInput = { datasetId: string; version?: number } | { modelId: string } | { fromJob: string };

export interface Reader {
  id: string;
  kind: string;
  state: string;
}

/**
 * The jobs that have not ended and whose specs name this input, wherever: as dataset, model, teacher, targets, unpaired
 * or validation images. A dataset without a version stands for all of its versions.
 */
export async function findReaders(transaction: Transaction, input: NamedInput): Promise<Reader[]> {
  const path = `$.** ? (${Object.keys(input)
    .map((field) => `@.${field} == $${field}`)
    .join(" && ")})`;
  return transaction.$queryRaw<Reader[]>`
    SELECT id, kind, state FROM "Job"
    WHERE state <> ALL (${[...FINAL_STATES]}) AND jsonb_path_exists(spec, ${path}::jsonpath, ${JSON.stringify(input)}::jsonb)
    ORDER BY "createdAt", id`;
}
