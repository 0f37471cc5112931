import { type Database, Prisma, type Transaction } from "./client.ts";

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
  { id, role, originJobId, createdAt }: { id: string; role: string; originJobId: string | null; createdAt: Date },
): Promise<Evaluation[]> {
  const byJob =
    originJobId !== null && role === "best"
      ? Prisma.sql`OR spec @> ${JSON.stringify({ model: { fromJob: originJobId } })}::jsonb`
      : Prisma.empty;
  // Those of its origin wait for it, and so were created before it.
  const origin = originJobId === null ? null : await database.job.findUnique({ where: { id: originJobId } });
  return database.$queryRaw<Evaluation[]>`
    SELECT id, spec, result FROM "Job"
    WHERE kind = 'evaluate' AND state = 'succeeded' AND "createdAt" >= ${origin?.createdAt ?? createdAt}
      AND (spec @> ${JSON.stringify({ model: { modelId: id } })}::jsonb ${byJob})
    ORDER BY "createdAt" DESC, id
    LIMIT ${MOST}`;
}
