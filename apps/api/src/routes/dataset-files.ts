import {
  ApiError,
  datasetFileItem,
  datasetId,
  datasetUsageResource,
  type JobKind,
  type JobState,
  pageOf,
  pageQuery,
} from "@drc/contracts";
import { findDatasetUses } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { answers } from "../openapi/answers.ts";
import { lockDataset, missingDataset } from "../submission/lock-dataset.ts";

const datasetParams = z.strictObject({ datasetId });
const fileParams = z.strictObject({ datasetId, name: z.string().min(1).max(255) });
/** The cursor is the last name of the page before. */
const fileListQuery = pageQuery.extend({ cursor: z.string().max(4000).optional() });

/** A look at every job of a server that has had millions would take seconds. */
const SEARCHED_JOBS = 20_000;
const SHOWN_JOBS = 100;

/** The files of a dataset as they are now, and who reads its versions. */
export function datasetFileRoutes({ database }: ApiContext): FastifyPluginCallbackZod {
  const known = async (id: string) => {
    if (!(await database.dataset.findUnique({ where: { id }, select: { id: true } }))) throw missingDataset(id);
  };

  return (app, _options, done) => {
    app.get(
      "/datasets/:datasetId/files",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listDatasetFiles",
          summary: "The files of a dataset as they are now, by name",
          tags: ["Datasets"],
          params: datasetParams,
          querystring: fileListQuery,
          response: answers({ 200: pageOf(datasetFileItem) }),
        },
      },
      async (request) => {
        const { datasetId: id } = request.params;
        const { cursor, limit } = request.query;
        await known(id);
        const after = cursor === undefined ? {} : { name: { gt: Buffer.from(cursor, "base64url").toString() } };
        const rows = await database.datasetFile.findMany({
          where: { datasetId: id, ...after },
          include: { blob: { select: { sizeBytes: true } } },
          orderBy: { name: "asc" },
          take: limit + 1,
        });
        const items = rows.slice(0, limit).map(({ name, sha256, blob, createdAt }) => ({
          name,
          sha256,
          sizeBytes: Number(blob.sizeBytes),
          createdAt: createdAt.toISOString(),
        }));
        const last = rows.length > limit ? items.at(-1) : undefined;
        return { items, nextCursor: last ? Buffer.from(last.name).toString("base64url") : null };
      },
    );

    app.delete(
      "/datasets/:datasetId/files/:name",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteDatasetFile",
          summary: "Remove one file",
          description: "Versions that were made with it keep it. A `/` of the name is sent as `%2F`.",
          tags: ["Datasets"],
          params: fileParams,
          response: answers({ 204: {} }),
        },
      },
      async (request, reply) => {
        const { datasetId: id, name } = request.params;
        await database.$transaction(async (transaction) => {
          // A version that is made meanwhile takes all files as they were before, or as they are afterwards.
          await lockDataset(transaction, id);
          const { count } = await transaction.datasetFile.deleteMany({ where: { datasetId: id, name } });
          if (count === 0) throw new ApiError("NOT_FOUND", `The dataset ${id} has no file ${name}.`);
        });
        return reply.code(204).send();
      },
    );

    app.get(
      "/datasets/:datasetId/usage",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getDatasetUsage",
          summary: "Which jobs read a dataset, or have read it",
          description: `Newest first; among the newest ${SEARCHED_JOBS} jobs of the server.`,
          tags: ["Datasets"],
          params: datasetParams,
          response: answers({ 200: datasetUsageResource }),
        },
      },
      async (request) => {
        const { datasetId: id } = request.params;
        await known(id);
        const uses = await findDatasetUses(database, id, { searched: SEARCHED_JOBS, limit: SHOWN_JOBS });
        const jobs = uses.map(({ kind, state, createdAt, ...use }) => ({
          ...use,
          kind: kind as JobKind,
          state: state as JobState,
          createdAt: createdAt.toISOString(),
        }));
        return { jobs, searchedJobs: SEARCHED_JOBS };
      },
    );

    done();
  };
}
