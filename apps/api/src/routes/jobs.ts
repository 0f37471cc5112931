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
import { type CreatedJob, type Database, type Job, type Prisma, servedClasses, type Transaction } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { idempotentRequest, sendOnce } from "../create-once.ts";
import { mergePatch } from "../merge-patch.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, rowOrder, rowsAfter, toPage } from "../paging.ts";
import { missingJob, newJobDetail, readJob } from "../resources/job-detail.ts";
import { JOB_PARENTS, type JobRow, jobResource } from "../resources/job-resource.ts";
import { createJob } from "../submission/create-job.ts";
import { JobSubmissions } from "../submission/job-submissions.ts";
import { submit } from "../submission/submit.ts";
import { parseBody } from "../validation.ts";

const jobParams = z.strictObject({ jobId });
const CREATED = answers({ 200: dryRunResource, 202: jobDetailResource }, "DATASET_NOT_READY", "CONFLICT", "NOT_FOUND");

export function jobRoutes({ database, device }: ApiContext): FastifyPluginCallbackZod {
  const submissions = new JobSubmissions(database);
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
        const submitter = { ...caller, device, traceparent: request.traceparent };
        if (caller.maxQueuedJobs === null && query.dryRun !== "true") {
          const idempotent = idempotentRequest(request, body);
          return sendOnce(reply, await submissions.submit({ body, submitter, idempotent }));
        }
        const create = (transaction: Transaction) => createJob(transaction, body, submitter);
        return submit(database, request, reply, query.dryRun === "true", { sent: body, create, ...ONE_JOB });
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
        const create = async (transaction: Transaction) => {
          const original = await transaction.job.findUnique({ where: { id: request.params.jobId } });
          if (!original) throw missingJob(request.params.jobId);
          const body = parseBody(createJobBody, mergePatch(submittedBody(original), changes));
          return createJob(transaction, body, { ...caller, device, traceparent: request.traceparent }, original.id);
        };
        return submit(database, request, reply, query.dryRun === "true", { sent: changes, create, ...ONE_JOB });
      },
    );

    app.get(
      "/jobs",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listJobs",
          summary: "List jobs, newest first, or with `order=oldest` from the oldest on; `sort=ended` by their end",
          tags: ["Jobs"],
          querystring: jobListQuery,
          response: answers({ 200: pageOf(jobSchema) }),
        },
      },
      async (request) => {
        const { label, sort, createdAfter, createdBefore, limit } = request.query;
        const filter = jobFilter(request.query);
        const time = sort === "ended" ? "endedAt" : "createdAt";
        const { after, ...page } = pageArguments(request.query, time);
        const times = { createdAt: { gte: createdAfter, lt: createdBefore } };
        const labelled = label === undefined ? {} : { labelled: { some: { label } } };
        const [rows, served] = await Promise.all([
          label === undefined || sort === "ended"
            ? database.job.findMany({ ...page, where: { AND: [after, filter, times, labelled] }, include: JOB_PARENTS })
            : findLabelled(database, label, request.query, filter),
          servedClasses(database),
        ]);
        return toPage(
          rows,
          limit,
          (job) => jobResource(job, served),
          (job) => job[time],
        );
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

/** What a submission of one job makes. */
const ONE_JOB = {
  jobsOf: (job: CreatedJob) => [job],
  answer: (_transaction: Transaction, job: CreatedJob) => ({
    status: 202,
    location: `/v1/jobs/${job.id}`,
    body: newJobDetail(job),
  }),
};

/** All but label and times of creation, which a label's own table has as well. */
function jobFilter(query: z.infer<typeof jobListQuery>): Prisma.JobWhereInput {
  const { state, kind, compressionId, sweepId, search, sort, endedAfter, endedBefore } = query;
  const asksForEnd = sort === "ended" || endedAfter !== undefined || endedBefore !== undefined;
  return {
    state,
    kind,
    compressionId,
    sweepId,
    ...(asksForEnd ? { endedAt: { not: null, gte: endedAfter, lt: endedBefore } } : {}),
    ...searched(search),
  };
}

/** A page of the jobs with a label. The table of labels has them in order, however few of all jobs they are. */
async function findLabelled(
  database: Database,
  label: string,
  query: z.infer<typeof jobListQuery>,
  filter: Prisma.JobWhereInput,
): Promise<JobRow[]> {
  const times = { createdAt: { gte: query.createdAfter, lt: query.createdBefore } };
  const found = await database.jobLabel.findMany({
    ...rowOrder(query, "jobId"),
    where: { label, AND: [rowsAfter(query, "jobId"), times], job: filter },
    include: { job: { include: JOB_PARENTS } },
  });
  return found.map(({ job }) => job);
}

/** An identifier finds its job; anything else is how the name of a job begins, for which there is an index. */
function searched(search: string | undefined): { id?: string; name?: { startsWith: string } } {
  if (search === undefined) return {};
  return jobId.safeParse(search).success ? { id: search } : { name: { startsWith: search } };
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
