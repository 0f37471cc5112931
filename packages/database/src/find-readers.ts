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

/** A job that reads a dataset, whatever its state. */
export interface DatasetUse extends Reader {
  versions: number[];
  compressionId: string | null;
  sweepId: string | null;
  createdAt: Date;
}

/**
 * The newest jobs whose specs name a dataset, but for those that made its versions. No index leads from a dataset to its
 * jobs, so that only the newest `searched` jobs are looked at.
 */
export async function findDatasetUses(
  database: Transaction,
  datasetId: string,
  { searched, limit }: { searched: number; limit: number },
): Promise<DatasetUse[]> {
  const values = JSON.stringify({ id: datasetId });
  const uses = await database.$queryRaw<DatasetUse[]>`
    SELECT id, kind, state, "compressionId", "sweepId", "createdAt",
      jsonb_path_query_array(spec, '$.** ? (@.datasetId == $id).version', ${values}::jsonb) AS versions
    FROM (SELECT * FROM "Job" ORDER BY "createdAt" DESC, id DESC LIMIT ${searched}) AS newest
    WHERE kind <> 'ingest' AND jsonb_path_exists(spec, '$.** ? (@.datasetId == $id)', ${values}::jsonb)
    ORDER BY "createdAt" DESC, id DESC
    LIMIT ${limit}`;
  return uses.map((use) => ({ ...use, versions: [...new Set(use.versions)].sort((a, b) => a - b) }));
}
