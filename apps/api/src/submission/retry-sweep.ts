import { ApiError, type CreateSweepBody, type SweepPointStages } from "@drc/contracts";
import { type SweepPoint, type Transaction, toJson } from "@drc/database";
import { JOB_PARENTS } from "../resources/job-resource.ts";
import { retryJobs } from "./retry-jobs.ts";

/**
 * Makes new jobs for what of a sweep failed or was cancelled, and for what waits for it. Points that were stopped early
 * stay so, but for what they have in common with others.
 * @throws ApiError `NOT_FOUND`, or `CONFLICT` where there is nothing to retry yet.
 */
export async function retrySweep(transaction: Transaction, id: string, apiKeyId: string): Promise<void> {
  // Jobs first, as everyone who has a job's row and then wants the sweep's.
  await transaction.$queryRaw`SELECT 1 FROM "Job" WHERE "sweepId" = ${id} ORDER BY id FOR KEY SHARE`;
  // Of two requests at once the second finds the jobs that the first has made.
  const [sweep] = await transaction.$queryRaw<{ body: CreateSweepBody }[]>`
    SELECT body FROM "Sweep" WHERE id = ${id} FOR UPDATE`;
  if (!sweep) throw new ApiError("NOT_FOUND", `There is no sweep ${id}.`);
  const points = await transaction.sweepPoint.findMany({ where: { sweepId: id } });
  const current = new Set(points.flatMap(wantedJobs));
  const jobs = await transaction.job.findMany({
    where: { sweepId: id, id: { in: [...current] } },
    include: JOB_PARENTS,
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  if (jobs.some(({ state }) => state === "cancelling")) {
    throw new ApiError("CONFLICT", `The sweep ${id} is still being cancelled. Try again when that has ended.`);
  }
  // What was cancelled before the rule was asked has it before it still.
  const isJudged = ({ kind }: { kind: string }) => kind === "fine-tune" && sweep.body.stopWhen !== undefined;
  const replacements = await retryJobs(transaction, jobs, apiKeyId, isJudged);
  if (replacements.size === 0) {
    throw new ApiError("CONFLICT", `Nothing of the sweep ${id} has failed or been cancelled.`);
  }
  for (const { number, stages } of points) {
    const before = Object.entries(stages as SweepPointStages);
    if (!before.some(([, jobId]) => replacements.has(jobId))) continue;
    const newest = before.map(([stage, jobId]) => [stage, replacements.get(jobId) ?? jobId]);
    await transaction.sweepPoint.update({
      where: { sweepId_number: { sweepId: id, number } },
      data: { stages: toJson(Object.fromEntries(newest)) },
    });
  }
  await transaction.sweep.update({ where: { id }, data: { state: "running", paused: false, endedAt: null } });
}

/** The jobs that stand for a point, but for those that its stop has cancelled. */
function wantedJobs({ stages, stopReason }: SweepPoint): string[] {
  const { fineTune, evaluateCompressed, ...before } = stages as SweepPointStages;
  return Object.values(stopReason === null ? (stages as SweepPointStages) : before);
}
