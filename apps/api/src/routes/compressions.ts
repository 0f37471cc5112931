import {
  ApiError,
  type CompressionState,
  changeJobBody,
  cloneBody,
  compressionDetailResource as compressionDetail,
  compressionId,
  compressionListQuery,
  compressionResource as compressionSchema,
  createCompressionBody,
  deleteJobsQuery,
  dryRunQuery,
  dryRunResource,
  pageOf,
} from "@drc/contracts";
import {
  type CreationAnswer,
  cancelGroup,
  changeGroup,
  type Database,
  type GroupControl,
  hasState,
  Prisma,
  pauseGroup,
  resumeGroup,
  servedClasses,
  type Transaction,
} from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { mergePatch } from "../merge-patch.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, positionOf, toPage } from "../paging.ts";
import { compressionDetailResource, compressionResource } from "../resources/compression-resource.ts";
import { JOB_PARENTS } from "../resources/job-resource.ts";
import { createCompression } from "../submission/create-compression.ts";
import type { CreatedGroup } from "../submission/create-group.ts";
import { deleteCompression } from "../submission/delete-jobs.ts";
import { retryCompression } from "../submission/retry-compression.ts";
import { submit } from "../submission/submit.ts";
import { parseBody } from "../validation.ts";

const compressionParams = z.strictObject({ compressionId });

/** Of a page of the compressions in a state their identifiers, and the next one: only their jobs say what state it is. */
async function findInState(
  database: Database,
  state: CompressionState,
  query: z.infer<typeof compressionListQuery>,
): Promise<string[]> {
  const { label, createdAfter, createdBefore } = query;
  const position = positionOf(query);
  const after = position ? Prisma.sql`("createdAt", id) < (${position.createdAt}, ${position.id})` : Prisma.sql`true`;
  const rows = await database.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Compression" compression
    WHERE ${after} AND ${hasState(state)}
      AND (${label ?? null}::text IS NULL OR labels @> ARRAY[${label ?? null}::text])
      AND (${createdAfter ?? null}::timestamptz IS NULL OR "createdAt" >= ${createdAfter ?? null}::timestamptz)
      AND (${createdBefore ?? null}::timestamptz IS NULL OR "createdAt" < ${createdBefore ?? null}::timestamptz)
    ORDER BY "createdAt" DESC, id DESC LIMIT ${pageArguments(query).take}`;
  return rows.map(({ id }) => id);
}

/** What a caller may ask of a compression. */
const ACTIONS = {
  cancel: { run: cancelGroup, past: "cancelled", summary: "Cancel what is left of a compression" },
  pause: { run: pauseGroup, past: "paused", summary: "Pause a compression after its next checkpoint" },
  resume: { run: resumeGroup, past: "resumed", summary: "Let a paused compression go on" },
} as const;

const CREATED = answers({ 200: dryRunResource, 202: compressionDetail }, "DATASET_NOT_READY", "CONFLICT", "NOT_FOUND");

export function compressionRoutes({ database, device }: ApiContext): FastifyPluginCallbackZod {
  const readCompression = async (id: string, transaction: Transaction = database) => {
    const compression = await transaction.compression.findUnique({
      where: { id },
      include: { jobs: { include: JOB_PARENTS, orderBy: [{ createdAt: "asc" }, { id: "asc" }] } },
    });
    if (!compression) throw missing(id);
    return compressionDetailResource(compression, await servedClasses(transaction));
  };
  const afterControl = async (id: string, control: GroupControl, past: string) => {
    const compression = await readCompression(id);
    // Cancelling again changes nothing.
    const again = past === ACTIONS.cancel.past && compression.state === "cancelled";
    if (control === "ended" && !again) {
      const how = compression.state === "cancelled" ? "been cancelled" : compression.state;
      throw new ApiError("CONFLICT", `The compression ${id} has ${how} and cannot be ${past}.`);
    }
    return compression;
  };
  const accepted = async (transaction: Transaction, id: string): Promise<CreationAnswer> => ({
    status: 202,
    location: `/v1/compressions/${id}`,
    body: await readCompression(id, transaction),
  });
  const created = {
    jobsOf: ({ jobs }: CreatedGroup) => jobs,
    answer: (transaction: Transaction, { id }: CreatedGroup) => accepted(transaction, id),
  };

  return (app, _options, done) => {
    app.post(
      "/compressions",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "createCompression",
          summary: "Start a compression",
          description:
            "Train (where no model is named), search, prune, fine-tune and evaluate, as a chain of jobs. With " +
            "`dryRun=true` nothing is made: the answer is what would run, and what it will cost.",
          tags: ["Compressions"],
          querystring: dryRunQuery,
          body: createCompressionBody,
          creates: true,
          response: CREATED,
        },
      },
      async (request, reply) => {
        const { body, caller, query } = request;
        const create = (transaction: Transaction) =>
          createCompression(transaction, body, { ...caller, device, traceparent: request.traceparent });
        return submit(database, request, reply, query.dryRun === "true", { sent: body, create, ...created });
      },
    );

    app.post(
      "/compressions/:compressionId/clone",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "cloneCompression",
          summary: "Start a compression like another, with changes",
          description: "The body is a JSON merge patch (RFC 7396) of what the other was started with.",
          tags: ["Compressions"],
          params: compressionParams,
          querystring: dryRunQuery,
          body: cloneBody,
          creates: true,
          response: CREATED,
        },
      },
      async (request, reply) => {
        const { body: changes, caller, query } = request;
        const create = async (transaction: Transaction) => {
          const { compressionId: id } = request.params;
          const original = await transaction.compression.findUnique({ where: { id } });
          if (!original) throw missing(id);
          const body = parseBody(createCompressionBody, mergePatch(original.body, changes));
          return createCompression(transaction, body, { ...caller, device, traceparent: request.traceparent }, id);
        };
        return submit(database, request, reply, query.dryRun === "true", { sent: changes, create, ...created });
      },
    );

    app.get(
      "/compressions",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listCompressions",
          summary: "List compressions, newest first",
          tags: ["Compressions"],
          querystring: compressionListQuery,
          response: answers({ 200: pageOf(compressionSchema) }),
        },
      },
      async (request) => {
        const { state, label, createdAfter, createdBefore, limit } = request.query;
        const { after, ...page } = pageArguments(request.query);
        const filter = { labels: label === undefined ? undefined : { has: label } };
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
      async (request) => readCompression(request.params.compressionId),
    );

    app.patch(
      "/compressions/:compressionId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "changeCompression",
          summary: "Change name, labels or priority of a compression and its unfinished jobs",
          tags: ["Compressions"],
          params: compressionParams,
          body: changeJobBody,
          response: answers({ 200: compressionDetail }, "CONFLICT"),
        },
      },
      async (request) => {
        const { compressionId: id } = request.params;
        return afterControl(id, await changeGroup(database, { compressionId: id }, request.body), "changed");
      },
    );

    for (const [action, { run, past, summary }] of Object.entries(ACTIONS)) {
      app.post(
        `/compressions/:compressionId/${action}`,
        {
          config: { scope: "submit" },
          schema: {
            operationId: `${action}Compression`,
            summary,
            tags: ["Compressions"],
            params: compressionParams,
            response: answers({ 202: compressionDetail }, "CONFLICT"),
          },
        },
        async (request, reply) => {
          const { compressionId: id } = request.params;
          return reply.code(202).send(await afterControl(id, await run(database, { compressionId: id }), past));
        },
      );
    }

    app.post(
      "/compressions/:compressionId/retry",
      {
        config: { scope: "submit" },
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

    app.delete(
      "/compressions/:compressionId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteCompression",
          summary: "Delete a compression whose jobs have ended, with its jobs",
          description: "409 where unfinished jobs read what it made. Models stay, unless `models=true`.",
          tags: ["Compressions"],
          params: compressionParams,
          querystring: deleteJobsQuery,
          response: answers({ 204: {} }, "CONFLICT"),
        },
      },
      async (request, reply) => {
        await deleteCompression(database, request.params.compressionId, { withModels: request.query.models });
        return reply.code(204).send();
      },
    );

    done();
  };
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no compression ${id}.`);
}
