/** What callers do with a group of jobs, a compression or a sweep: the same routes for either. */
import { ApiError, changeJobBody, cloneBody, deleteJobsQuery, dryRunQuery, dryRunResource } from "@drc/contracts";
import {
  type CreationAnswer,
  cancelGroup,
  changeGroup,
  type Database,
  type GroupControl,
  type JobGroup,
  pauseGroup,
  resumeGroup,
  type Transaction,
} from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { mergePatch } from "../merge-patch.ts";
import { answers } from "../openapi/answers.ts";
import type { CreatedGroup } from "../submission/create-group.ts";
import type { Submitter } from "../submission/create-job.ts";
import type { JobDeletion } from "../submission/delete-jobs.ts";
import { submit } from "../submission/submit.ts";
import { parseBody } from "../validation.ts";

/** One of the two kinds. */
export interface GroupKind<Body> {
  noun: "compression" | "sweep";
  /** The identifier's schema, in paths and results. */
  id: z.ZodType<string>;
  body: z.ZodType<Body>;
  /** What `read` gives. */
  detail: z.ZodType;
  /** Of `POST /v1/compressions` or `/v1/sweeps`. */
  description: string;
  group(id: string): JobGroup;
  /** @throws ApiError `NOT_FOUND`. */
  read(transaction: Transaction, id: string): Promise<{ state: string }>;
  /** What it was asked for with; null where there is none. */
  find(transaction: Transaction, id: string): Promise<{ body: unknown } | null>;
  create(transaction: Transaction, body: Body, submitter: Submitter, clonedFrom?: string): Promise<CreatedGroup>;
  retry(transaction: Transaction, id: string, apiKeyId: string): Promise<void>;
  delete(database: Database, id: string, options: JobDeletion): Promise<void>;
}

/** What a caller may ask of a group that has not ended. */
const ACTIONS = {
  cancel: { run: cancelGroup, past: "cancelled", summary: (noun: string) => `Cancel what is left of a ${noun}` },
  pause: {
    run: pauseGroup,
    past: "paused",
    summary: (noun: string) => `Pause a ${noun} after the next checkpoints of what runs`,
  },
  resume: { run: resumeGroup, past: "resumed", summary: (noun: string) => `Let a paused ${noun} go on` },
} as const;

/** Creation, clone, change, cancel, pause, resume, retry and deletion. */
export function groupRoutes<Body>(
  { database, device }: ApiContext,
  { noun, id: identifier, body: createBody, detail, ...kind }: GroupKind<Body>,
): FastifyPluginCallbackZod {
  const name = noun === "sweep" ? "Sweep" : "Compression";
  const tags = [`${name}s`];
  const params = z.strictObject({ [`${noun}Id`]: identifier });
  const idOf = (given: Record<string, string>) => given[`${noun}Id`];
  const path = `/${noun}s/:${noun}Id`;
  const config = { scope: "submit" } as const;
  const created = answers({ 200: dryRunResource, 202: detail }, "DATASET_NOT_READY", "CONFLICT", "NOT_FOUND");

  const afterControl = async (id: string, control: GroupControl, past: string) => {
    const found = await kind.read(database, id);
    const { state } = found;
    // Cancelling again changes nothing.
    const again = past === ACTIONS.cancel.past && state === "cancelled";
    if (control === "ended" && !again) {
      const how = state === "cancelled" ? "been cancelled" : state;
      throw new ApiError("CONFLICT", `The ${noun} ${id} has ${how} and cannot be ${past}.`);
    }
    return found;
  };
  const accepted = async (transaction: Transaction, id: string): Promise<CreationAnswer> => ({
    status: 202,
    location: `/v1/${noun}s/${id}`,
    body: await kind.read(transaction, id),
  });
  const submission = {
    jobsOf: ({ jobs }: CreatedGroup) => jobs,
    answer: (transaction: Transaction, { id }: CreatedGroup) => accepted(transaction, id),
  };

  return (app, _options, done) => {
    app.post(
      `/${noun}s`,
      {
        config,
        schema: {
          operationId: `create${name}`,
          summary: `Start a ${noun}`,
          description: kind.description,
          tags,
          querystring: dryRunQuery,
          body: createBody,
          creates: true,
          response: created,
        },
      },
      async (request, reply) => {
        const { caller, query, traceparent } = request;
        const body = request.body as Body;
        const create = (transaction: Transaction) => kind.create(transaction, body, { ...caller, device, traceparent });
        return submit(database, request, reply, query.dryRun === "true", { sent: body, create, ...submission });
      },
    );

    app.post(
      `${path}/clone`,
      {
        config,
        schema: {
          operationId: `clone${name}`,
          summary: `Start a ${noun} like another, with changes`,
          description: "The body is a JSON merge patch (RFC 7396) of what the other was started with.",
          tags,
          params,
          querystring: dryRunQuery,
          body: cloneBody,
          creates: true,
          response: created,
        },
      },
      async (request, reply) => {
        const { body: changes, caller, query, traceparent } = request;
        const create = async (transaction: Transaction) => {
          const id = idOf(request.params);
          const original = await kind.find(transaction, id);
          if (!original) throw new ApiError("NOT_FOUND", `There is no ${noun} ${id}.`);
          const body = parseBody(createBody, mergePatch(original.body, changes));
          return kind.create(transaction, body, { ...caller, device, traceparent }, id);
        };
        return submit(database, request, reply, query.dryRun === "true", { sent: changes, create, ...submission });
      },
    );

    app.patch(
      path,
      {
        config,
        schema: {
          operationId: `change${name}`,
          summary: `Change name, labels or priority of a ${noun} and its unfinished jobs`,
          tags,
          params,
          body: changeJobBody,
          response: answers({ 200: detail }, "CONFLICT"),
        },
      },
      async (request) => {
        const id = idOf(request.params);
        return afterControl(id, await changeGroup(database, kind.group(id), request.body), "changed");
      },
    );

    for (const [action, { run, past, summary }] of Object.entries(ACTIONS)) {
      app.post(
        `${path}/${action}`,
        {
          config,
          schema: {
            operationId: `${action}${name}`,
            summary: summary(noun),
            tags,
            params,
            response: answers({ 202: detail }, "CONFLICT"),
          },
        },
        async (request, reply) => {
          const id = idOf(request.params);
          return reply.code(202).send(await afterControl(id, await run(database, kind.group(id)), past));
        },
      );
    }

    app.post(
      `${path}/retry`,
      {
        config,
        schema: {
          operationId: `retry${name}`,
          summary: `New jobs for what of a ${noun} failed or was cancelled`,
          tags,
          params,
          creates: true,
          response: answers({ 202: detail }, "CONFLICT"),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, null, async (transaction) => {
          const id = idOf(request.params);
          await kind.retry(transaction, id, request.caller.apiKeyId);
          return accepted(transaction, id);
        }),
    );

    app.delete(
      path,
      {
        config,
        schema: {
          operationId: `delete${name}`,
          summary: `Delete a ${noun} whose jobs have ended, with its jobs`,
          description: "409 where unfinished jobs read what it made. Models stay, unless `models=true`.",
          tags,
          params,
          querystring: deleteJobsQuery,
          response: answers({ 204: {} }, "CONFLICT"),
        },
      },
      async (request, reply) => {
        await kind.delete(database, idOf(request.params), { withModels: request.query.models });
        return reply.code(204).send();
      },
    );

    done();
  };
}
