import { UNFINISHED_STATES } from "@drc/contracts";
import { Prisma, type Transaction } from "./client.ts";

/** What a job's spec may name. */
export type NamedInput = { datasetId: string; version?: number } | { modelId: string } | { fromJob: string };

export interface Reader {
  id: string;
  kind: string;
  state: string;
}

/**
 * The jobs that have not ended and whose specs name one of these inputs, wherever: as dataset, model, teacher, targets,
 * unpaired or validation images. A dataset without a version stands for all of its versions.
 * @param createdFrom left out, all of these jobs are looked at, whenever they were created.
 */
export async function findReaders(
  transaction: Transaction,
  inputs: readonly NamedInput[],
  createdFrom?: Date,
): Promise<Reader[]> {
  if (inputs.length === 0) return [];
  const { path, values } = pathTo(inputs);
  const recent = createdFrom ? Prisma.sql`AND "createdAt" >= ${createdFrom}` : Prisma.empty;
  return transaction.$queryRaw<Reader[]>`
    SELECT id, kind, state FROM "Job"
    WHERE state = ANY (${[...UNFINISHED_STATES]}) ${recent}
      AND jsonb_path_exists(spec, ${path}::jsonpath, ${JSON.stringify(values)}::jsonb)
    ORDER BY "createdAt", id`;
}

/** A path that finds each object which has all members of one of the inputs; what it compares with stands in `values`. */
function pathTo(inputs: readonly NamedInput[]): { path: string; values: Record<string, string | number> } {
  const values: Record<string, string | number> = {};
  const conditions = inputs.map((input, i) => {
    const members = Object.entries(input).filter(([, value]) => value !== undefined);
    for (const [field, value] of members) values[`${field}${i}`] = value;
    return `(${members.map(([field]) => `@.${field} == $${field}${i}`).join(" && ")})`;
  });
  return { path: `$.** ? (${conditions.join(" || ")})`, values };
}
