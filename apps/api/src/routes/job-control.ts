import { ApiError, changeJobBody, deleteJobsQuery, jobDetailResource, jobId } from "@drc/contracts";
import { type ControlResult, changeJob, requestCancel, requestPause, resumeJob, retryJob } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { answers } from "../openapi/answers.ts";
import { missingJob, readJob } from "../resources/job-detail.ts";
import { deleteJob } from "../submission/delete-jobs.ts";

const jobParams = z.strictObject({ jobId });

/** What a caller may ask of a job, and what makes it impossible. */
const ACTIONS = {
  cancel: { run: requestCancel, past: "cancelled", summary: "Cancel a job" },
  pause: { run: requestPause, past: "paused", summary: "Pause a job after its next checkpoint" },
  resume: { run: resumeJob, past: "resumed", summary: "Let a paused job go on" },
} as const;
const RETRIED = "retried";

export function jobControlRoutes({ database }: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.patch(
      "/jobs/:jobId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "changeJob",
          summary: "Change name, labels or priority of a job that has not ended",
          tags: ["Jobs"],
          params: jobParams,
          body: changeJobBody,
          response: answers({ 200: jobDetailResource }, "CONFLICT"),
        },
      },
      async (request) => {
        const { jobId: id } = request.params;
        requireAllowed(await changeJob(database, id, request.body), id, "changed");
        return readJob(database, id);
      },
    );

    for (const [action, { run, past, summary }] of Object.entries(ACTIONS)) {
      app.post(
        `/jobs/:jobId/${action}`,
        {
          config: { scope: "submit" },
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
        config: { scope: "submit" },
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
          const result = await retryJob(transaction, id, {
            apiKeyId: request.caller.apiKeyId,
            traceparent: request.traceparent,
          });
          const { job } = requireAllowed(result, id, RETRIED);
          return { status: 202, location: `/v1/jobs/${job.id}`, body: await readJob(transaction, job.id) };
        }),
    );

    app.delete(
      "/jobs/:jobId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteJob",
          summary: "Delete a job that has ended, with all that was written of it",
          description: "409 where unfinished jobs read what it made. Models stay, unless `models=true`.",
          tags: ["Jobs"],
          params: jobParams,
          querystring: deleteJobsQuery,
          response: answers({ 204: {} }, "CONFLICT"),
        },
      },
      async (request, reply) => {
        await deleteJob(database, request.params.jobId, { withModels: request.query.models });
        return reply.code(204).send();
      },
    );

    done();
  };
}

function requireAllowed(result: ControlResult | null, id: string, past: string): ControlResult {
  if (!result) throw missingJob(id);
  if (!result.allowed) throw new ApiError("CONFLICT", refusal(result.job, past));
  return result;
}

function refusal({ id, state, compressionId, sweepId }: ControlResult["job"], past: string): string {
  if (past === RETRIED && (state === "failed" || state === "cancelled")) {
    if (compressionId !== null) {
      return `The job ${id} is a stage of a compression. Retry that: POST /v1/compressions/${compressionId}/retry.`;
    }
    if (sweepId !== null) return `The job ${id} is a stage of a sweep. Retry that: POST /v1/sweeps/${sweepId}/retry.`;
  }
  return `The job ${id} is ${state} and cannot be ${past}.`;
}
