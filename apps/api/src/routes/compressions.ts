import {
  ApiError,
  compressionDetailResource as compressionDetail,
  compressionId,
  compressionListQuery,
  compressionResource as compressionSchema,
  createCompressionBody,
  isFinal,
  pageOf,
} from "@drc/contracts";
import { type CreationAnswer, requestCancel, servedClasses, type Transaction } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { compressionDetailResource, compressionResource } from "../resources/compression-resource.ts";
import { JOB_PARENTS } from "../resources/job-resource.ts";
import { checkCompression } from "../submission/check-compression.ts";
import { createCompression } from "../submission/create-compression.ts";
import { retryCompression } from "../submission/retry-compression.ts";

const compressionParams = z.strictObject({ compressionId });

export function compressionRoutes({ database, device }: ApiContext): FastifyPluginCallbackZod {
  const readCompression = async (id: string, transaction: Transaction = database) => {
    const compression = await transaction.compression.findUnique({
      where: { id },
      include: { jobs: { include: JOB_PARENTS, orderBy: [{ createdAt: "asc" }, { id: "asc" }] } },
    });
    if (!compression) throw missing(id);
    return compressionDetailResource(compression, await servedClasses(transaction));
  };
  const accepted = async (transaction: Transaction, id: string): Promise<CreationAnswer> => ({
    status: 202,
    location: `/v1/compressions/${id}`,
    body: await readCompression(id, transaction),
  });

  return (app, _options, done) => {
    app.post(
      "/compressions",
      {
        schema: {
          operationId: "createCompression",
          summary: "Start a compression",
          description: "Train (where no model is named), search, prune, fine-tune and evaluate, as a chain of jobs.",
          tags: ["Compressions"],
          body: createCompressionBody,
          creates: true,
          response: answers({ 202: compressionDetail }, "DATASET_NOT_READY", "CONFLICT", "NOT_FOUND"),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, request.body, async (transaction) => {
          await checkCompression(transaction, request.body);
          const id = await createCompression(transaction, request.body, device, request.caller.apiKeyId);
          return accepted(transaction, id);
        }),
    );

    app.get(
      "/compressions",
      {
        schema: {
          operationId: "listCompressions",
          summary: "List compressions, newest first",
          tags: ["Compressions"],
          querystring: compressionListQuery,
          response: answers({ 200: pageOf(compressionSchema) }),
        },
      },
      async (request) => {
        const { label, limit } = request.query;
        const { after, ...page } = pageArguments(request.query);
        const filter = label === undefined ? {} : { labels: { has: label } };
        const jobs = { select: { id: true, state: true } };
        const rows = await database.compression.findMany({
          ...page,
          where: { AND: [after, filter] },
          include: { jobs },
        });
        return toPage(rows, limit, compressionResource);
      },
    );

    app.get(
      "/compressions/:compressionId",
      {
        schema: {
          operationId: "getCompression",
          summary: "One compression, with its jobs and models",
          tags: ["Compressions"],
          params: compressionParams,
          response: answers({ 200: compressionDetail }),
        },
      },
      async (request) => readCompression(request.params.compressionId),
    );

    app.post(
      "/compressions/:compressionId/cancel",
      {
        schema: {
          operationId: "cancelCompression",
          summary: "Cancel what is left of a compression",
          tags: ["Compressions"],
          params: compressionParams,
          response: answers({ 202: compressionDetail }, "CONFLICT"),
        },
      },
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
      {
        schema: {
          operationId: "retryCompression",
          summary: "New jobs for the stages that failed or were cancelled",
          tags: ["Compressions"],
          params: compressionParams,
          creates: true,
          response: answers({ 202: compressionDetail }, "CONFLICT"),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, null, async (transaction) => {
          const id = request.params.compressionId;
          await retryCompression(transaction, id, request.caller.apiKeyId);
          return accepted(transaction, id);
        }),
    );

    done();
  };
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no compression ${id}.`);
}
