import { ApiError, afterQuery, jobEventResource, jobId, jobLogResource, jobMetricResource } from "@drc/contracts";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { attachment } from "../content-disposition.ts";
import type { ApiContext } from "../context.ts";
import { answers, bodyOf } from "../openapi/answers.ts";
import { eventResource, logResource, metricResource } from "../resources/record-resource.ts";

const jobParams = z.strictObject({ jobId });
const artifactParams = z.strictObject({ jobId, name: z.string().min(1).max(255) });

/** What a job writes while it runs: numbered from 1, so that a reader goes on `after` the last number it has. */
export function jobRecordRoutes({ database, store }: ApiContext): FastifyPluginCallbackZod {
  const known = async (id: string) => {
    const job = await database.job.findUnique({ where: { id }, select: { id: true } });
    if (!job) throw new ApiError("NOT_FOUND", `There is no job ${id}.`);
  };
  const pageAfter = (id: string, { after, limit }: z.output<typeof afterQuery>) => ({
    where: { jobId: id, number: { gt: after } },
    orderBy: { number: "asc" as const },
    take: limit,
  });
  const read = async <Row, Item>(
    { params, query }: { params: z.output<typeof jobParams>; query: z.output<typeof afterQuery> },
    find: (page: ReturnType<typeof pageAfter>) => Promise<Row[]>,
    show: (row: Row) => Item,
  ) => {
    await known(params.jobId);
    return { items: (await find(pageAfter(params.jobId, query))).map(show) };
  };
  const records = (operationId: string, summary: string, item: z.ZodType) => ({
    operationId,
    summary,
    tags: ["Jobs"],
    params: jobParams,
    querystring: afterQuery,
    response: answers({ 200: z.strictObject({ items: z.array(item) }) }),
  });

  return (app, _options, done) => {
    app.get(
      "/jobs/:jobId/events",
      {
        config: { scope: "read" },
        schema: records("listJobEvents", "What happened to a job, after a number", jobEventResource),
      },
      (request) => read(request, (page) => database.jobEvent.findMany(page), eventResource),
    );

    app.get(
      "/jobs/:jobId/metrics",
      {
        config: { scope: "read" },
        schema: records("listJobMetrics", "What a job measured, after a number", jobMetricResource),
      },
      (request) => read(request, (page) => database.jobMetric.findMany(page), metricResource),
    );

    app.get(
      "/jobs/:jobId/logs",
      { config: { scope: "read" }, schema: records("listJobLogs", "What a job wrote, after a number", jobLogResource) },
      (request) => read(request, (page) => database.jobLog.findMany(page), logResource),
    );

    app.get(
      "/jobs/:jobId/artifacts/:name",
      {
        config: { scope: "read" },
        schema: {
          operationId: "downloadArtifact",
          summary: "A file that a job kept, such as a super-resolved image",
          tags: ["Jobs"],
          params: artifactParams,
          response: answers({ 200: bodyOf("*/*") }, "STORE_UNAVAILABLE"),
        },
      },
      async (request, reply) => {
        const { jobId: id, name } = request.params;
        const artifact = await database.artifact.findUnique({
          where: { jobId_name: { jobId: id, name } },
          include: { blob: true },
        });
        if (!artifact) throw new ApiError("NOT_FOUND", `The job ${id} has no artifact ${name}.`);
        return reply
          .type(artifact.contentType)
          .header("content-length", String(artifact.blob.sizeBytes))
          .header("content-disposition", attachment(name))
          .send(await store.stream(artifact.sha256));
      },
    );

    done();
  };
}
