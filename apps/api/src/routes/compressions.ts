import {
  ApiError,
  type CompressionDetailResource,
  type CompressionState,
  compressionDetailResource as compressionDetail,
  compressionId,
  compressionListQuery,
  compressionResource as compressionSchema,
  createCompressionBody,
  pageOf,
} from "@drc/contracts";
import { type Database, hasState, Prisma, servedClasses, type Transaction } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { likeText, nameSearch } from "../name-search.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, positionOf, toPage } from "../paging.ts";
import { compressionDetailResource, compressionResource } from "../resources/compression-resource.ts";
import { JOB_PARENTS } from "../resources/job-resource.ts";
import { createCompression } from "../submission/create-compression.ts";
import { deleteCompression } from "../submission/delete-jobs.ts";
import { retryCompression } from "../submission/retry-compression.ts";
import { groupRoutes } from "./group-routes.ts";

const compressionParams = z.strictObject({ compressionId });

/** Of a page of the compressions in a state their identifiers, and the next one: only their jobs say what state it is. */
async function findInState(
  database: Database,
  state: CompressionState,
  query: z.infer<typeof compressionListQuery>,
): Promise<string[]> {
  const { label, createdAfter, createdBefore, search = null } = query;
  const position = positionOf(query);
  const after = position ? Prisma.sql`("createdAt", id) < (${position.at}, ${position.id})` : Prisma.sql`true`;
  const rows = await database.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Compression" compression
    WHERE ${after} AND ${hasState(state)}
      AND (${search}::text IS NULL OR id = ${search} OR name ILIKE ${`%${likeText(search ?? "")}%`})
      AND (${label ?? null}::text IS NULL OR labels @> ARRAY[${label ?? null}::text])
      AND (${createdAfter ?? null}::timestamptz IS NULL OR "createdAt" >= ${createdAfter ?? null}::timestamptz)
      AND (${createdBefore ?? null}::timestamptz IS NULL OR "createdAt" < ${createdBefore ?? null}::timestamptz)
    ORDER BY "createdAt" DESC, id DESC LIMIT ${pageArguments(query).take}`;
  return rows.map(({ id }) => id);
}

/** @throws ApiError `NOT_FOUND`. */
async function readCompression(transaction: Transaction, id: string): Promise<CompressionDetailResource> {
  const compression = await transaction.compression.findUnique({
    where: { id },
    include: { jobs: { include: JOB_PARENTS, orderBy: [{ createdAt: "asc" }, { id: "asc" }] } },
  });
  if (!compression) throw new ApiError("NOT_FOUND", `There is no compression ${id}.`);
  return compressionDetailResource(compression, await servedClasses(transaction));
}

export function compressionRoutes(context: ApiContext): FastifyPluginCallbackZod {
  const { database } = context;

  return (app, _options, done) => {
    app.register(
      groupRoutes(context, {
        noun: "compression",
        id: compressionId,
        body: createCompressionBody,
        detail: compressionDetail,
        description:
          "Train (where no model is named), search, prune, fine-tune and evaluate, as a chain of jobs. With " +
          "`dryRun=true` nothing is made: the answer is what would run, and what it will cost.",
        group: (id) => ({ compressionId: id }),
        read: readCompression,
        find: (transaction, id) => transaction.compression.findUnique({ where: { id } }),
        create: createCompression,
        retry: retryCompression,
        delete: deleteCompression,
      }),
    );

    app.get(
      "/compressions",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listCompressions",
          summary: "List compressions, newest first; `search` is an identifier or a part of the name",
          tags: ["Compressions"],
          querystring: compressionListQuery,
          response: answers({ 200: pageOf(compressionSchema) }),
        },
      },
      async (request) => {
        const { state, label, search, createdAfter, createdBefore, limit } = request.query;
        const { after, ...page } = pageArguments(request.query);
        const filter = {
          labels: label === undefined ? undefined : { has: label },
          ...nameSearch(search, compressionId),
        };
        const times = { createdAt: { gte: createdAfter, lt: createdBefore } };
        const inState = state === undefined ? {} : { id: { in: await findInState(database, state, request.query) } };
        const rows = await database.compression.findMany({
          ...page,
          where: { AND: [after, filter, times, inState] },
          include: { jobs: { select: { id: true, state: true } } },
        });
        return toPage(rows, limit, compressionResource);
      },
    );

    app.get(
      "/compressions/:compressionId",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getCompression",
          summary: "One compression, with its jobs and models",
          tags: ["Compressions"],
          params: compressionParams,
          response: answers({ 200: compressionDetail }),
        },
      },
      async (request) => readCompression(database, request.params.compressionId),
    );

    done();
  };
}
