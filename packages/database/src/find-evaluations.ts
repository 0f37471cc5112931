import type { Database, Transaction } from "./client.ts";

/** The newest of many say enough of a model. */
const MOST = 50;

/** An evaluation that has succeeded. */
export interface Evaluation {
  id: string;
  spec: unknown;
  result: unknown;
}

/**
 * The newest evaluations of a model that have succeeded, newest first: those that name it, and those of the best model
 * of the job that made it.
 */
export async function findEvaluations(
  database: Database | Transaction,
  { id, role, originJobId }: { id: string; role: string; originJobId: string | null },
): Promise<Evaluation[]> {
  const inputs = [JSON.stringify({ modelId: id })];
  if (originJobId !== null && role === "best") inputs.push(JSON.stringify({ fromJob: originJobId }));
  // By an index of its own, however many evaluations there are of other models. Sorted apart: else Postgres, which cannot
  // know how many it will find, may go through all jobs from the newest on.
  return database.$queryRaw<Evaluation[]>`
    WITH found AS MATERIALIZED (
      SELECT id, "createdAt" FROM "Job"
      WHERE kind = 'evaluate' AND state = 'succeeded' AND spec->'model' = ANY (${inputs}::text[]::jsonb[])
    )
    SELECT job.id, job.spec, job.result
    FROM (SELECT id, "createdAt" FROM found ORDER BY "createdAt" DESC, id LIMIT ${MOST}) newest JOIN "Job" job USING (id)
    ORDER BY newest."createdAt" DESC, newest.id`;
}
