import { ApiError, compressionId, createCompressionBody, isFinal, pageQuery } from "@drc/contracts";
import { requestCancel, servedClasses } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { pageArguments, toPage } from "../paging.ts";
import { compressionDetailResource, compressionResource } from "../resources/compression-resource.ts";
import { JOB_PARENTS } from "../resources/job-resource.ts";
import { checkCompression } from "../submission/check-compression.ts";
import { createCompression } from "../submission/create-compression.ts";
import { retryCompression } from "../submission/retry-compression.ts";

const compressionParams = z.strictObject({ compressionId });

export function compressionRoutes({ database, device }: ApiContext): FastifyPluginCallbackZod {
  const readCompression = async (id: string) => {
    const compression = await database.compression.findUnique({
      where: { id },
      include: { jobs: { include: JOB_PARENTS, orderBy: [{ createdAt: "asc" }, { id: "asc" }] } },
    });
    if (!compression) throw missing(id);
    return compressionDetailResource(compression, await servedClasses(database));
  };

  return (app, _options, done) => {
    app.post("/compressions", { schema: { body: createCompressionBody } }, async (request, reply) => {
      const id = await database.$transaction(async (transaction) => {
        await checkCompression(transaction, request.body);
        return createCompression(transaction, request.body, device);
      });
      return reply
        .code(202)
        .header("location", `/v1/compressions/${id}`)
        .send(await readCompression(id));
    });

    app.get("/compressions", { schema: { querystring: pageQuery } }, async (request) => {
      const { after, ...page } = pageArguments(request.query);
      const jobs = { select: { id: true, state: true } };
      const rows = await database.compression.findMany({ ...page, where: after, include: { jobs } });
      return toPage(rows, request.query.limit, compressionResource);
    });

    app.get("/compressions/:compressionId", { schema: { params: compressionParams } }, async (request) =>
      readCompression(request.params.compressionId),
    );

    app.post(
      "/compressions/:compressionId/cancel",
      { schema: { params: compressionParams } },
      async (request, reply) => {
        const id = request.params.compressionId;
        const { state, jobs } = await readCompression(id);
        const unfinished = jobs.filter((job) => !isFinal(job.state));
        if (unfinished.length === 0 && state !== "cancelled") {
          throw new ApiError("CONFLICT", `The compression ${id} has ${state} and cannot be cancelled.`);
        }
        // From the last stage to the first: one that ends meanwhile lets none behind it start.
        for (const job of unfinished.toReversed()) await requestCancel(database, job.id);
        return reply.code(202).send(await readCompression(id));
      },
    );

    app.post(
      "/compressions/:compressionId/retry",
      { schema: { params: compressionParams } },
      async (request, reply) => {
        const id = request.params.compressionId;
        await database.$transaction((transaction) => retryCompression(transaction, id));
        return reply.code(202).send(await readCompression(id));
      },
    );

    done();
  };
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no compression ${id}.`);
}
