import { ApiError, type EvaluateResult, type SweepDetailResource, type SweepSummaryResource } from "@drc/contracts";
import type { Transaction } from "@drc/database";
import { summariseSweep } from "../sweep-summary/summarise-sweep.ts";
import { type SweepJob, sweepDetailResource } from "./sweep-resource.ts";

/** @throws ApiError `NOT_FOUND`. */
export async function readSweep(database: Transaction, id: string): Promise<SweepDetailResource> {
  const sweep = await database.sweep.findUnique({ where: { id } });
  if (!sweep) throw new ApiError("NOT_FOUND", `There is no sweep ${id}.`);
  const points = await database.sweepPoint.findMany({ where: { sweepId: id }, orderBy: { number: "asc" } });
  // Results name every image and every channel: hundreds of points would be tens of megabytes.
  const jobs = await database.$queryRaw<SweepJob[]>`
    SELECT id, state, "stateReason", progress, error,
      (result - ARRAY['images', 'kept', 'widths', 'protocol']::text[]) #- '{latency,costs}' AS result
    FROM "Job" WHERE "sweepId" = ${id} ORDER BY "createdAt", id`;
  return sweepDetailResource(sweep, points, jobs);
}

/** @throws ApiError `NOT_FOUND`. */
export async function readSweepSummary(database: Transaction, id: string): Promise<SweepSummaryResource> {
  const sweep = await readSweep(database, id);
  const evaluations = await database.$queryRaw<{ id: string; images: EvaluateResult["images"] }[]>`
    SELECT id, result->'images' AS images FROM "Job"
    WHERE "sweepId" = ${id} AND kind = 'evaluate' AND state = 'succeeded'`;
  const images = new Map(
    evaluations.map((evaluation) => [
      evaluation.id,
      new Map(evaluation.images.map(({ name, psnr }) => [name, psnr] as const)),
    ]),
  );
  // One for all: the same images, measured in the same way.
  const measured = await database.job.findFirst({ where: { sweepId: id, kind: "evaluate", state: "succeeded" } });
  const protocol = (measured?.result as unknown as EvaluateResult | undefined)?.protocol ?? null;
  const modelIds = sweep.points.flatMap(({ modelId }) => modelId ?? []);
  const models = await database.model.findMany({ where: { id: { in: modelIds } }, select: { id: true, name: true } });
  const names = new Map(models.map((model) => [model.id, model.name]));
  return summariseSweep(sweep, images, names, protocol);
}
