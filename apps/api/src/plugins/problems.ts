import { ApiError, type ErrorCode, makeProblem } from "@drc/contracts";
import { BlobRemovedError, isDatabaseOutage } from "@drc/database";
import { NetworkError } from "@drc/network";
import { StoreError } from "@drc/storage";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { TooManyRequests } from "./failed-sign-ins.ts";

/** Turns every error into problem details (RFC 9457). */
export function registerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | Error, request, reply) => {
    const known = asApiError(error, request);
    if (known) return sendProblem(request, reply, known);
    request.log.error({ err: error }, "A request failed.");
    const detail = `The server failed on this request; its log says more under ${request.id}.`;
    return sendProblem(request, reply, new ApiError("INTERNAL", detail));
  });
  app.setNotFoundHandler((request, reply) => {
    const { method, url } = request;
    const allowed = methodsAt(app, url);
    if (allowed.length === 0) {
      return sendProblem(request, reply, new ApiError("NOT_FOUND", `There is nothing at ${method} ${url}.`));
    }
    reply.header("allow", allowed.join(", "));
    const detail = `${url} does not take ${method}, but ${allowed.join(", ")}.`;
    return sendProblem(request, reply, new ApiError("METHOD_NOT_ALLOWED", detail));
  });
}

/** The methods of the routes at an address, whatever it names. */
function methodsAt(app: FastifyInstance, url: string): string[] {
  // A slash at the end makes no difference, one in the middle does.
  const parts = url.split("?", 1)[0].replace(/\/$/, "").split("/");
  const matches = (pattern: string[]) =>
    pattern.length === parts.length &&
    pattern.every((part, i) => (part.startsWith(":") ? parts[i] !== "" : part === parts[i]));
  const methods = app.declaredRoutes.filter((route) => matches(route.url.split("/"))).map(({ method }) => method);
  return [...new Set(methods)].sort();
}

/** Of an address that cannot be read, before there is a route and what belongs to it. */
export function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id);
  sendProblem(request, reply, new ApiError("MALFORMED_REQUEST", error.message));
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, error: ApiError): FastifyReply {
  const problem = makeProblem(error.code, error.message, error.errors, request.id);
  if (error instanceof TooManyRequests) reply.header("retry-after", String(error.retryAfterSeconds));
  if (error.code === "UNAUTHENTICATED") reply.header("www-authenticate", "Bearer");
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}

/** Files come as forms, everything else as JSON. */
function wrongContentType({ headers, url }: FastifyRequest): string {
  const given = headers["content-type"];
  const takesFiles = /^\/v1\/(datasets\/[^/]+\/files|models)\/?(\?|$)/.test(url);
  const wanted = takesFiles
    ? 'Send a multipart form with the file, as "curl -F file=@NAME" does, or JSON that names uploads.'
    : 'Send JSON with the header "Content-Type: application/json".';
  return `${given === undefined ? "The request has no content type" : `The content type ${given} is not taken here`}. ${wanted}`;
}

function asApiError(error: FastifyError | Error, request: FastifyRequest): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof NetworkError) return new ApiError(codeOfNetworkError(error), error.message);
  if (error instanceof StoreError) {
    return error.code === "TOO_LARGE"
      ? new ApiError("PAYLOAD_TOO_LARGE", error.message)
      : new ApiError("STORE_UNAVAILABLE", error.message);
  }
  if (error instanceof BlobRemovedError) return new ApiError("BLOB_REMOVED", `${error.message} Send it again.`);
  if (isDatabaseOutage(error)) return new ApiError("NOT_READY", "The database does not answer. Try again later.");
  const status = (error as FastifyError).statusCode ?? 500;
  if (status === 413) return new ApiError("PAYLOAD_TOO_LARGE", error.message);
  if (status === 415 || status === 406) return new ApiError("UNSUPPORTED_MEDIA_TYPE", wrongContentType(request));
  if (status >= 400 && status < 500) return new ApiError("MALFORMED_REQUEST", error.message);
  return null;
}

function codeOfNetworkError({ code }: NetworkError): ErrorCode {
  switch (code) {
    case "ARCHITECTURE_MISMATCH":
      return "ARCHITECTURE_MISMATCH";
    case "SAFETENSORS_INVALID":
    case "GRAPH_INVALID":
      return "MODEL_INVALID";
    case "PLAN_INVALID":
    case "PRESET_UNKNOWN":
      return "VALIDATION_FAILED";
  }
}
