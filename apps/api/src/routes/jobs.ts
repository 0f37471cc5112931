import {
  ApiError,
  cloneBody,
  createJobBody,
  dryRunQuery,
  dryRunResource,
  jobDetailResource,
  jobId,
  jobListQuery,
  jobResource as jobSchema,
  pageOf,
} from "@drc/contracts";
import { type Job, servedClasses, type Transaction } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { mergePatch } from "../merge-patch.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { missingJob, readJob } from "../resources/job-detail.ts";
import { JOB_PARENTS, jobResource } from "../resources/job-resource.ts";
import { createJob } from "../submission/create-job.ts";
import { dryRun } from "../submission/dry-run.ts";
import { parseBody } from "../validation.ts";

const jobParams = z.strictObject({ jobId });
const CREATED = answers({ 200: dryRunResource, 202: jobDetailResource }, "DATASET_NOT_READY", "CONFLICT", "NOT_FOUND");

export function jobRoutes({ database, device }: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post(
      "/jobs",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "createJob",
          summary: "Start one job",
          description: "With `dryRun=true` nothing is made: the answer is what would run, and what it will cost.",
          tags: ["Jobs"],
          querystring: dryRunQuery,
          body: createJobBody,
          creates: true,
          response: CREATED,
        },
      },
      async (request, reply) => {
        const { body, caller, query } = request;
        const create = (transaction: Transaction) =>
          createJob(transaction, body, { ...caller, device, traceparent: request.traceparent });
        if (query.dryRun === "true") return dryRun(database, async (transaction) => [await create(transaction)]);
        return createOnce(database, request, reply, body, async (transaction) =>
          accepted(transaction, await create(transaction)),
        );
      },
    );

    app.post(
      "/jobs/:jobId/clone",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "cloneJob",
          summary: "Start a job like another, with changes",
          description: "The body is a JSON merge patch (RFC 7396) of what the other was started with.",
          tags: ["Jobs"],
          params: jobParams,
          querystring: dryRunQuery,
          body: cloneBody,
          creates: true,
          response: CREATED,
        },
      },
      async (request, reply) => {
        const { body: changes, caller, query } = request;
        const clone = async (transaction: Transaction) => {
          const original = await transaction.job.findUnique({ where: { id: request.params.jobId } });
          if (!original) throw missingJob(request.params.jobId);
          const body = parseBody(createJobBody, mergePatch(submittedBody(original), changes));
          return createJob(transaction, body, { ...caller, device, traceparent: request.traceparent }, original.id);
        };
        if (query.dryRun === "true") return dryRun(database, async (transaction) => [await clone(transaction)]);
        return createOnce(database, request, reply, changes, async (transaction) =>
          accepted(transaction, await clone(transaction)),
        );
      },
    );

    app.get(
      "/jobs",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listJobs",
          summary: "List jobs, newest first",
          tags: ["Jobs"],
          querystring: jobListQuery,
          response: answers({ 200: pageOf(jobSchema) }),
        },
      },
      async (request) => {
        const { state, kind, label, compressionId, createdAfter, createdBefore, limit } = request.query;
        const { after, ...page } = pageArguments(request.query);
        const filter = {
          state,
          kind,
          compressionId,
          ...(label === undefined ? {} : { labels: { has: label } }),
          createdAt: { gte: createdAfter, lt: createdBefore },
        };
        const rows = await database.job.findMany({ ...page, where: { AND: [after, filter] }, include: JOB_PARENTS });
        const served = await servedClasses(database);
        return toPage(rows, limit, (job) => jobResource(job, served));
      },
    );

    app.get(
      "/jobs/:jobId",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getJob",
          summary: "One job: state, progress, result or error, attempts",
          tags: ["Jobs"],
          params: jobParams,
          response: answers({ 200: jobDetailResource }),
        },
      },
      async (request) => readJob(database, request.params.jobId),
    );

    done();
  };
}

async function accepted(transaction: Transaction, { id }: Job) {
  return { status: 202, location: `/v1/jobs/${id}`, body: await readJob(transaction, id) };
}

/** What a job was, or could have been, submitted with. */
function submittedBody(job: Job) {
  const { id, kind, spec, name, labels, seed, deviceClass, priority, maxAttempts, maxRunSeconds } = job;
  if (kind === "ingest") {
    throw new ApiError("CONFLICT", `The job ${id} is the ingest of a dataset version. Make a new version instead.`);
  }
  return {
    kind,
    spec,
    labels,
    seed,
    priority,
    maxAttempts,
    maxRunSeconds,
    ...(name === null ? {} : { name }),
    ...(deviceClass === "none" ? {} : { device: deviceClass }),
  };
}
