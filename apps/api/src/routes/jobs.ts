import {
  ApiError,
  createJobBody,
  deviceClassOf,
  type JobDetailResource,
  type JobSpec,
  jobId,
  jobListQuery,
  type RuntimeInfo,
} from "@drc/contracts";
import {
  type ControlResult,
  createJobs,
  type Database,
  newJobId,
  requestCancel,
  requestPause,
  resumeJob,
  retryJob,
  servedClasses,
} from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { pageArguments, toPage } from "../paging.ts";
import { JOB_PARENTS, jobResource } from "../resources/job-resource.ts";
import { checkJob } from "../submission/check-job.ts";

const jobParams = z.strictObject({ jobId });

/** What a caller may ask of a job, and what makes it impossible. */
const ACTIONS = {
  cancel: { run: requestCancel, past: "cancelled" },
  pause: { run: requestPause, past: "paused" },
  resume: { run: resumeJob, past: "resumed" },
  retry: { run: retryJob, past: "retried" },
} as const;

export function jobRoutes({ database, device }: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post("/jobs", { schema: { body: createJobBody } }, async (request, reply) => {
      const { body } = request;
      const id = newJobId();
      await database.$transaction(async (transaction) => {
        const parents = await checkJob(transaction, body);
        await createJobs(transaction, [
          {
            id,
            work: { kind: body.kind, spec: body.spec } as JobSpec,
            name: body.name,
            deviceClass: deviceClassOf(body.kind, body.device ?? device),
            seed: body.seed,
            priority: body.priority,
            parents,
          },
        ]);
      });
      return reply
        .code(202)
        .header("location", `/v1/jobs/${id}`)
        .send(await readJob(database, id));
    });

    app.get("/jobs", { schema: { querystring: jobListQuery } }, async (request) => {
      const { state, kind, limit } = request.query;
      const { after, ...page } = pageArguments(request.query);
      const rows = await database.job.findMany({ ...page, where: { ...after, state, kind }, include: JOB_PARENTS });
      const served = await servedClasses(database);
      return toPage(rows, limit, (job) => jobResource(job, served));
    });

    app.get("/jobs/:jobId", { schema: { params: jobParams } }, async (request) =>
      readJob(database, request.params.jobId),
    );

    for (const [action, { run, past }] of Object.entries(ACTIONS)) {
      app.post(`/jobs/:jobId/${action}`, { schema: { params: jobParams } }, async (request, reply) => {
        const result: ControlResult | null = await run(database, request.params.jobId);
        if (!result) throw missing(request.params.jobId);
        if (!result.allowed) {
          throw new ApiError("CONFLICT", refusal(result.job, past));
        }
        return reply.code(202).send(await readJob(database, result.job.id));
      });
    }

    done();
  };
}

function refusal({ id, state, compressionId }: ControlResult["job"], past: string): string {
  const stage = past === ACTIONS.retry.past && compressionId !== null && (state === "failed" || state === "cancelled");
  return stage
    ? `The job ${id} is a stage of a compression. Retry that: POST /v1/compressions/${compressionId}/retry.`
    : `The job ${id} is ${state} and cannot be ${past}.`;
}

async function readJob(database: Database, id: string): Promise<JobDetailResource> {
  const job = await database.job.findUnique({
    where: { id },
    include: {
      ...JOB_PARENTS,
      attempts: { orderBy: { number: "desc" } },
      artifacts: { include: { blob: { select: { sizeBytes: true } } }, orderBy: { name: "asc" } },
      checkpoints: { orderBy: [{ step: "desc" }], take: 1 },
    },
  });
  if (!job) throw missing(id);
  return {
    ...jobResource(job, await servedClasses(database)),
    attemptHistory: job.attempts.map((attempt) => ({
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
    artifacts: job.artifacts.map(({ name, contentType, blob }) => ({
      name,
      contentType,
      sizeBytes: Number(blob.sizeBytes),
    })),
    checkpointStep: job.checkpoints[0]?.step ?? null,
  };
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no job ${id}.`);
}
