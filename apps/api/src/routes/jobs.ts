import {
  ApiError,
  createJobBody,
  deviceClassOf,
  type JobDetailResource,
  type JobSpec,
  jobDetailResource,
  jobId,
  jobListQuery,
  jobResource as jobSchema,
  pageOf,
  type RuntimeInfo,
} from "@drc/contracts";
import {
  type ControlResult,
  type CreationAnswer,
  createJobs,
  newJobId,
  requestCancel,
  requestPause,
  resumeJob,
  retryJob,
  servedClasses,
  type Transaction,
} from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { JOB_PARENTS, jobResource } from "../resources/job-resource.ts";
import { checkJob } from "../submission/check-job.ts";

const jobParams = z.strictObject({ jobId });

/** What a caller may ask of a job, and what makes it impossible. */
const ACTIONS = {
  cancel: { run: requestCancel, past: "cancelled", summary: "Cancel a job" },
  pause: { run: requestPause, past: "paused", summary: "Pause a job after its next checkpoint" },
  resume: { run: resumeJob, past: "resumed", summary: "Let a paused job go on" },
} as const;
const RETRIED = "retried";

export function jobRoutes({ database, device }: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post(
      "/jobs",
      {
        schema: {
          operationId: "createJob",
          summary: "Start one job",
          tags: ["Jobs"],
          body: createJobBody,
          creates: true,
          response: answers({ 202: jobDetailResource }, "DATASET_NOT_READY", "CONFLICT", "NOT_FOUND"),
        },
      },
      (request, reply) => {
        const { body, caller } = request;
        return createOnce(database, request, reply, body, async (transaction) => {
          const id = newJobId();
          const parents = await checkJob(transaction, body);
          await createJobs(transaction, [
            {
              id,
              work: { kind: body.kind, spec: body.spec } as JobSpec,
              name: body.name,
              labels: body.labels,
              apiKeyId: caller.apiKeyId,
              deviceClass: deviceClassOf(body.kind, body.device ?? device),
              seed: body.seed,
              priority: body.priority,
              parents,
            },
          ]);
          return created(transaction, id);
        });
      },
    );

    app.get(
      "/jobs",
      {
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

    for (const [action, { run, past, summary }] of Object.entries(ACTIONS)) {
      app.post(
        `/jobs/:jobId/${action}`,
        {
          schema: {
            operationId: `${action}Job`,
            summary,
            tags: ["Jobs"],
            params: jobParams,
            response: answers({ 202: jobDetailResource }, "CONFLICT"),
          },
        },
        async (request, reply) => {
          const { job } = requireAllowed(await run(database, request.params.jobId), request.params.jobId, past);
          return reply.code(202).send(await readJob(database, job.id));
        },
      );
    }

    app.post(
      "/jobs/:jobId/retry",
      {
        schema: {
          operationId: "retryJob",
          summary: "A new job in the place of one that failed or was cancelled",
          tags: ["Jobs"],
          params: jobParams,
          creates: true,
          response: answers({ 202: jobDetailResource }, "CONFLICT"),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, null, async (transaction) => {
          const { jobId: id } = request.params;
          const result = await retryJob(transaction, id, request.caller.apiKeyId);
          return created(transaction, requireAllowed(result, id, RETRIED).job.id);
        }),
    );

    done();
  };
}

function requireAllowed(result: ControlResult | null, id: string, past: string): ControlResult {
  if (!result) throw missing(id);
  if (!result.allowed) throw new ApiError("CONFLICT", refusal(result.job, past));
  return result;
}

async function created(transaction: Transaction, id: string): Promise<CreationAnswer> {
  return { status: 202, location: `/v1/jobs/${id}`, body: await readJob(transaction, id) };
}

function refusal({ id, state, compressionId }: ControlResult["job"], past: string): string {
  const stage = past === RETRIED && compressionId !== null && (state === "failed" || state === "cancelled");
  return stage
    ? `The job ${id} is a stage of a compression. Retry that: POST /v1/compressions/${compressionId}/retry.`
    : `The job ${id} is ${state} and cannot be ${past}.`;
}

async function readJob(database: Transaction, id: string): Promise<JobDetailResource> {
  // One query after the other: within a transaction there is one connection.
  const job = await database.job.findUnique({ where: { id }, include: JOB_PARENTS });
  if (!job) throw missing(id);
  const attempts = await database.attempt.findMany({ where: { jobId: id }, orderBy: { number: "desc" } });
  const artifacts = await database.artifact.findMany({
    where: { jobId: id },
    include: { blob: { select: { sizeBytes: true } } },
    orderBy: { name: "asc" },
  });
  const checkpoint = await database.checkpoint.findFirst({ where: { jobId: id }, orderBy: { step: "desc" } });
  return {
    ...jobResource(job, await servedClasses(database)),
    attemptHistory: attempts.map((attempt) => ({
      number: attempt.number,
      workerId: attempt.workerId,
      device: attempt.device,
      runtime: attempt.runtime as RuntimeInfo | null,
      startedAt: attempt.startedAt.toISOString(),
      endedAt: attempt.endedAt?.toISOString() ?? null,
      outcome: attempt.outcome,
      reason: attempt.reason,
      resumedFromStep: attempt.resumedFromStep,
      exact: attempt.exact,
    })),
    artifacts: artifacts.map(({ name, contentType, blob }) => ({
      name,
      contentType,
      sizeBytes: Number(blob.sizeBytes),
    })),
    checkpointStep: checkpoint?.step ?? null,
  };
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no job ${id}.`);
}
