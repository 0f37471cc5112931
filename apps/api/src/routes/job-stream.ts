import {
  ApiError,
  fieldErrors,
  jobId,
  parseStreamCursor,
  STREAM_KINDS,
  type StreamKind,
  type StreamPosition,
  streamCursor,
  streamQuery,
} from "@drc/contracts";
import { stillWorks } from "@drc/database";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { answers, bodyOf } from "../openapi/answers.ts";
import { missingJob } from "../resources/job-detail.ts";
import { streamJob } from "../streams/job-stream.ts";
import { OpenStreams } from "../streams/open-streams.ts";

const jobParams = z.strictObject({ jobId });
const START: StreamPosition = { event: 0, metric: 0, log: 0, ended: false };

export function jobStreamRoutes({ database }: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    const streams = new OpenStreams(app as unknown as FastifyInstance);

    app.get(
      "/jobs/:jobId/stream",
      {
        // A HEAD would read the stream to its end.
        exposeHeadRoute: false,
        config: { scope: "read" },
        schema: {
          operationId: "streamJob",
          summary: "A job's events, metrics, log lines and progress while they come",
          description:
            "Server-sent events named `event`, `metric`, `log`, `progress`, and `end` when the job is final and all was sent. The `id` of each is a cursor: with it as `Last-Event-ID` or `after` a reader goes on, and misses and repeats nothing.",
          tags: ["Jobs"],
          params: jobParams,
          querystring: streamQuery,
          response: answers({ 200: bodyOf("text/event-stream", z.string()), 204: {} }),
        },
      },
      async (request, reply) => {
        const { jobId: id } = request.params;
        if (!(await database.job.findUnique({ where: { id }, select: { id: true } }))) throw missingJob(id);
        const from = readPosition(request);
        // A browser that is told "no content" does not come again.
        if (from.ended) return reply.code(204).send();
        const kinds = new Set((request.query.kinds?.split(",") as StreamKind[] | undefined) ?? STREAM_KINDS);
        const { apiKeyId, session } = request.caller;
        const reader = { apiKeyId, mayRead: () => stillWorks(database, apiKeyId, session?.hash) };
        return streams.send(reply, reader, (stop) => streamJob(database, id, from, kinds, stop));
      },
    );

    done();
  };
}

/** A browser that comes again repeats its first query and says in the header where it is: the header counts. */
function readPosition(request: FastifyRequest): StreamPosition {
  const { after } = request.query as z.output<typeof streamQuery>;
  const header = request.headers["last-event-id"];
  const given = typeof header === "string" && header !== "" ? header : after;
  if (given === undefined) return START;
  const parsed = streamCursor.safeParse(given);
  const position = parseStreamCursor(given);
  if (position) return position;
  throw new ApiError(
    "VALIDATION_FAILED",
    `The Last-Event-ID ${JSON.stringify(given.slice(0, 60))} is not valid.`,
    fieldErrors(parsed.error?.issues ?? [], ["Last-Event-ID"]),
  );
}
