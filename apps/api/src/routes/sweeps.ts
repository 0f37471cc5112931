import {
  createSweepBody,
  pageOf,
  sweepDetailResource as sweepDetail,
  sweepId,
  sweepListQuery,
  sweepResource as sweepSchema,
  sweepSummaryQuery,
  sweepSummaryResource,
} from "@drc/contracts";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { nameSearch } from "../name-search.ts";
import { answers, bodyOf } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { readSweep, readSweepSummary } from "../resources/sweep-detail.ts";
import { countSweeps, sweepResource } from "../resources/sweep-resource.ts";
import { createSweep } from "../submission/create-sweep.ts";
import { deleteSweep } from "../submission/delete-jobs.ts";
import { retrySweep } from "../submission/retry-sweep.ts";
import { summaryCsv } from "../sweep-summary/summary-csv.ts";
import { groupRoutes } from "./group-routes.ts";

const sweepParams = z.strictObject({ sweepId });

export function sweepRoutes(context: ApiContext): FastifyPluginCallbackZod {
  const { database } = context;

  return (app, _options, done) => {
    app.register(
      groupRoutes(context, {
        noun: "sweep",
        id: sweepId,
        body: createSweepBody,
        detail: sweepDetail,
        description:
          "Each budget of the grid with each method and each seed: searched, pruned, fine-tuned and evaluated, from " +
          "one base network. Jobs that are equal are made once. With `dryRun=true` nothing is made.",
        group: (id) => ({ sweepId: id }),
        read: readSweep,
        find: (transaction, id) => transaction.sweep.findUnique({ where: { id } }),
        create: createSweep,
        retry: retrySweep,
        delete: deleteSweep,
      }),
    );

    app.get(
      "/sweeps",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listSweeps",
          summary: "List sweeps, newest first; `search` is an identifier or a part of the name",
          tags: ["Sweeps"],
          querystring: sweepListQuery,
          response: answers({ 200: pageOf(sweepSchema) }),
        },
      },
      async (request) => {
        const { state, label, search, createdAfter, createdBefore, limit } = request.query;
        const { after, ...page } = pageArguments(request.query);
        const filter = {
          createdAt: { gte: createdAfter, lt: createdBefore },
          ...nameSearch(search, sweepId),
          ...(label === undefined ? {} : { labels: { has: label } }),
          ...(state === undefined ? {} : { state: state === "paused" ? "running" : state }),
          ...(state === "paused" || state === "running" ? { paused: state === "paused" } : {}),
        };
        const rows = await database.sweep.findMany({ ...page, where: { AND: [after, filter] } });
        const counts = await countSweeps(
          database,
          rows.map(({ id }) => id),
        );
        return toPage(rows, limit, (sweep) => {
          const { points, jobs } = counts.get(sweep.id) ?? { points: 0, jobs: { total: 0, ended: 0 } };
          return sweepResource(sweep, points, jobs);
        });
      },
    );

    app.get(
      "/sweeps/:sweepId",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getSweep",
          summary: "One sweep, with its points: state, progress, removal, cost and quality",
          tags: ["Sweeps"],
          params: sweepParams,
          response: answers({ 200: sweepDetail }),
        },
      },
      async (request) => readSweep(database, request.params.sweepId),
    );

    app.get(
      "/sweeps/:sweepId/summary",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getSweepSummary",
          summary: "Means and spreads of a sweep over its seeds, as JSON or CSV",
          description:
            "A row for each budget and method: mean and standard deviation over the seeds that succeeded, the difference " +
            "to the baseline and to the original network, paired over the images, and whether it is best for its cost.",
          tags: ["Sweeps"],
          params: sweepParams,
          querystring: sweepSummaryQuery,
          response: answers({
            200: { ...bodyOf("application/json", sweepSummaryResource), ...bodyOf("text/csv", z.string()) },
          }),
        },
      },
      async (request, reply) => {
        const { sweepId: id } = request.params;
        const summary = await readSweepSummary(database, id);
        if (request.query.format === "json") return summary;
        return reply
          .type("text/csv; charset=utf-8")
          .header("content-disposition", `attachment; filename="${id}.csv"`)
          .send(summaryCsv(summary));
      },
    );

    done();
  };
}
