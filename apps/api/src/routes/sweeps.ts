import {
  ApiError,
  changeJobBody,
  cloneBody,
  createSweepBody,
  deleteJobsQuery,
  dryRunQuery,
  dryRunResource,
  pageOf,
  type SweepDetailResource,
  sweepDetailResource as sweepDetail,
  sweepId,
  sweepListQuery,
  sweepResource as sweepSchema,
  sweepSummaryQuery,
  sweepSummaryResource,
} from "@drc/contracts";
import {
  type CreationAnswer,
  cancelGroup,
  changeGroup,
  type GroupControl,
  pauseGroup,
  resumeGroup,
  type Transaction,
} from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { mergePatch } from "../merge-patch.ts";
import { answers, bodyOf } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { readSweep, readSweepSummary } from "../resources/sweep-detail.ts";
import { countSweeps, sweepResource } from "../resources/sweep-resource.ts";
import type { CreatedGroup } from "../submission/create-group.ts";
import { createSweep } from "../submission/create-sweep.ts";
import { deleteSweep } from "../submission/delete-jobs.ts";
import { retrySweep } from "../submission/retry-sweep.ts";
import { submit } from "../submission/submit.ts";
import { summaryCsv } from "../sweep-summary/summary-csv.ts";
import { parseBody } from "../validation.ts";

const sweepParams = z.strictObject({ sweepId });

/** What a caller may ask of a sweep. */
const ACTIONS = {
  cancel: { run: cancelGroup, past: "cancelled", summary: "Cancel what is left of a sweep" },
  pause: { run: pauseGroup, past: "paused", summary: "Pause a sweep after the next checkpoints of what runs" },
  resume: { run: resumeGroup, past: "resumed", summary: "Let a paused sweep go on" },
} as const;

const CREATED = answers({ 200: dryRunResource, 202: sweepDetail }, "DATASET_NOT_READY", "CONFLICT", "NOT_FOUND");

export function sweepRoutes({ database, device }: ApiContext): FastifyPluginCallbackZod {
  const afterControl = async (id: string, control: GroupControl, past: string): Promise<SweepDetailResource> => {
    const sweep = await readSweep(database, id);
    // Cancelling again changes nothing.
    const again = past === ACTIONS.cancel.past && sweep.state === "cancelled";
    if (control === "ended" && !again) {
      throw new ApiError("CONFLICT", `The sweep ${id} has ended (${sweep.state}) and cannot be ${past}.`);
    }
    return sweep;
  };
  const accepted = async (transaction: Transaction, id: string): Promise<CreationAnswer> => ({
    status: 202,
    location: `/v1/sweeps/${id}`,
    body: await readSweep(transaction, id),
  });
  const created = {
    jobsOf: ({ jobs }: CreatedGroup) => jobs,
    answer: (transaction: Transaction, { id }: CreatedGroup) => accepted(transaction, id),
  };

  return (app, _options, done) => {
    app.post(
      "/sweeps",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "createSweep",
          summary: "Start a sweep",
          description:
            "Each budget of the grid with each method and each seed: searched, pruned, fine-tuned and evaluated, from " +
            "one base network. Jobs that are equal are made once. With `dryRun=true` nothing is made.",
          tags: ["Sweeps"],
          querystring: dryRunQuery,
          body: createSweepBody,
          creates: true,
          response: CREATED,
        },
      },
      async (request, reply) => {
        const { body, caller, query } = request;
        const create = (transaction: Transaction) =>
          createSweep(transaction, body, { ...caller, device, traceparent: request.traceparent });
        return submit(database, request, reply, query.dryRun === "true", { sent: body, create, ...created });
      },
    );

    app.post(
      "/sweeps/:sweepId/clone",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "cloneSweep",
          summary: "Start a sweep like another, with changes",
          description: "The body is a JSON merge patch (RFC 7396) of what the other was started with.",
          tags: ["Sweeps"],
          params: sweepParams,
          querystring: dryRunQuery,
          body: cloneBody,
          creates: true,
          response: CREATED,
        },
      },
      async (request, reply) => {
        const { body: changes, caller, query } = request;
        const create = async (transaction: Transaction) => {
          const { sweepId: id } = request.params;
          const original = await transaction.sweep.findUnique({ where: { id } });
          if (!original) throw new ApiError("NOT_FOUND", `There is no sweep ${id}.`);
          const body = parseBody(createSweepBody, mergePatch(original.body, changes));
          return createSweep(transaction, body, { ...caller, device, traceparent: request.traceparent }, id);
        };
        return submit(database, request, reply, query.dryRun === "true", { sent: changes, create, ...created });
      },
    );

    app.get(
      "/sweeps",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listSweeps",
          summary: "List sweeps, newest first",
          tags: ["Sweeps"],
          querystring: sweepListQuery,
          response: answers({ 200: pageOf(sweepSchema) }),
        },
      },
      async (request) => {
        const { state, label, createdAfter, createdBefore, limit } = request.query;
        const { after, ...page } = pageArguments(request.query);
        const filter = {
          createdAt: { gte: createdAfter, lt: createdBefore },
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

    app.patch(
      "/sweeps/:sweepId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "changeSweep",
          summary: "Change name, labels or priority of a sweep and its unfinished jobs",
          tags: ["Sweeps"],
          params: sweepParams,
          body: changeJobBody,
          response: answers({ 200: sweepDetail }, "CONFLICT"),
        },
      },
      async (request) => {
        const { sweepId: id } = request.params;
        return afterControl(id, await changeGroup(database, { sweepId: id }, request.body), "changed");
      },
    );

    for (const [action, { run, past, summary }] of Object.entries(ACTIONS)) {
      app.post(
        `/sweeps/:sweepId/${action}`,
        {
          config: { scope: "submit" },
          schema: {
            operationId: `${action}Sweep`,
            summary,
            tags: ["Sweeps"],
            params: sweepParams,
            response: answers({ 202: sweepDetail }, "CONFLICT"),
          },
        },
        async (request, reply) => {
          const { sweepId: id } = request.params;
          return reply.code(202).send(await afterControl(id, await run(database, { sweepId: id }), past));
        },
      );
    }

    app.post(
      "/sweeps/:sweepId/retry",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "retrySweep",
          summary: "New jobs for what failed or was cancelled",
          tags: ["Sweeps"],
          params: sweepParams,
          creates: true,
          response: answers({ 202: sweepDetail }, "CONFLICT"),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, null, async (transaction) => {
          const id = request.params.sweepId;
          await retrySweep(transaction, id, request.caller.apiKeyId);
          return accepted(transaction, id);
        }),
    );

    app.delete(
      "/sweeps/:sweepId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteSweep",
          summary: "Delete a sweep whose jobs have ended, with its jobs",
          description: "409 where unfinished jobs read what it made. Models stay, unless `models=true`.",
          tags: ["Sweeps"],
          params: sweepParams,
          querystring: deleteJobsQuery,
          response: answers({ 204: {} }, "CONFLICT"),
        },
      },
      async (request, reply) => {
        await deleteSweep(database, request.params.sweepId, { withModels: request.query.models });
        return reply.code(204).send();
      },
    );

    done();
  };
}
