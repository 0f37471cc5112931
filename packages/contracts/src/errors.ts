/**
 * The registry of errors: every code that a response or a failed job may carry.
 * `retryable` says whether the same request or job may succeed when it is simply tried again.
 */
import { z } from "zod";

interface ErrorEntry {
  /** HTTP status of the response; for errors that only jobs have, the one that fits best. */
  status: number;
  title: string;
  retryable: boolean;
}

export const ERRORS = {
  VALIDATION_FAILED: {
    status: 422,
    title: "The request is not valid",
    retryable: false,
  },
  MALFORMED_REQUEST: {
    status: 400,
    title: "The request could not be read",
    retryable: false,
  },
  UNAUTHENTICATED: {
    status: 401,
    title: "A valid API key is needed",
    retryable: false,
  },
  FORBIDDEN: {
    status: 403,
    title: "The API key may not do this",
    retryable: false,
  },
  CSRF_FAILED: {
    status: 403,
    title: "The request does not show that it comes from the dashboard",
    retryable: false,
  },
  NOT_FOUND: { status: 404, title: "There is no such thing", retryable: false },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: "This address does not take this method",
    retryable: false,
  },
  CONFLICT: {
    status: 409,
    title: "The present state does not allow this",
    retryable: false,
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: "The idempotency key belongs to another request",
    retryable: false,
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    title: "The upload is too large",
    retryable: false,
  },
  QUOTA_EXCEEDED: {
    status: 429,
    title: "A limit of the API key is reached",
    retryable: true,
  },
  RATE_LIMITED: {
    status: 429,
    title: "There are too many requests",
    retryable: true,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: "This content type is not accepted",
    retryable: false,
  },
  INTERNAL: { status: 500, title: "The server failed", retryable: true },
  NOT_READY: { status: 503, title: "The server is not ready", retryable: true },
  WEBHOOKS_OFF: { status: 503, title: "The server has no key for webhooks", retryable: false },

  UPLOAD_INVALID: {
    status: 422,
    title: "The upload is not what was announced",
    retryable: false,
  },
  BLOB_REMOVED: {
    status: 503,
    title: "Bytes that nothing used were removed meanwhile",
    retryable: true,
  },
  ARCHIVE_INVALID: {
    status: 422,
    title: "The archive cannot be accepted",
    retryable: false,
  },
  DATASET_INVALID: {
    status: 422,
    title: "The dataset has files that cannot be used",
    retryable: false,
  },
  DATASET_NOT_READY: {
    status: 409,
    title: "The dataset version is not ready yet",
    retryable: true,
  },
  MODEL_INVALID: {
    status: 422,
    title: "The model file cannot be read",
    retryable: false,
  },
  ARCHITECTURE_MISMATCH: {
    status: 422,
    title: "The network has another architecture",
    retryable: false,
  },

  TRAINING_DIVERGED: {
    status: 422,
    title: "The training diverged",
    retryable: false,
  },
  RUN_TIME_EXCEEDED: { status: 504, title: "The job ran for longer than it may", retryable: false },
  JOB_FAILED: { status: 500, title: "The job failed", retryable: false },
  INPUT_MISSING: {
    status: 409,
    title: "An input of the job is gone",
    retryable: false,
  },
  BACKEND_UNAVAILABLE: {
    status: 503,
    title: "The native runtime could not be loaded",
    retryable: false,
  },
  CHECKPOINT_INVALID: {
    status: 500,
    title: "A checkpoint cannot be used",
    retryable: false,
  },
  WORKER_CRASHED: {
    status: 500,
    title: "The process of the job ended unexpectedly",
    retryable: true,
  },
  LEASE_LOST: {
    status: 500,
    title: "The worker of the job stopped answering",
    retryable: true,
  },
  STORE_UNAVAILABLE: {
    status: 503,
    title: "The object store did not answer",
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
export const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

export function isRetryable(code: ErrorCode): boolean {
  return ERRORS[code].retryable;
}

/** One field or file that is wrong. */
export const fieldError = z.strictObject({
  /** JSON pointer (RFC 6901) into the request's body, or the name of a query parameter. */
  pointer: z.string().optional(),
  /** The file it is about, in uploads and datasets. */
  file: z.string().optional(),
  code: z.string().optional(),
  detail: z.string(),
});
export type FieldError = z.infer<typeof fieldError>;

/** How many there are of each code. */
export const codeCounts = z.record(z.string(), z.int().min(1));

export function countCodes(findings: readonly FieldError[]): z.infer<typeof codeCounts> {
  const counts: Record<string, number> = {};
  for (const { code } of findings) if (code !== undefined) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** Problem details as RFC 9457 has them, served as `application/problem+json`. */
export const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: errorCode,
  retryable: z.boolean(),
  errors: z.array(fieldError).optional(),
  requestId: z.string().optional(),
});
export type Problem = z.infer<typeof problem>;

/** Why a job failed; the same words as in a response. */
export const jobError = z.strictObject({
  code: errorCode,
  title: z.string(),
  detail: z.string(),
  retryable: z.boolean(),
  errors: z.array(fieldError).optional(),
  /** For a divergence: the step, and the last finite loss. */
  step: z.int().optional(),
  lastFiniteLoss: z.number().optional(),
});
export type JobError = z.infer<typeof jobError>;

export function makeJobError(
  code: ErrorCode,
  detail: string,
  more: Pick<JobError, "errors" | "step" | "lastFiniteLoss"> = {},
): JobError {
  const { title, retryable } = ERRORS[code];
  return { code, title, detail, retryable, ...more };
}

/** An error that the edge turns into problem details. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];

  constructor(code: ErrorCode, detail: string, errors: readonly FieldError[] = []) {
    super(detail);
    this.name = "ApiError";
    this.code = code;
    this.errors = errors;
  }
}

export function makeProblem(
  code: ErrorCode,
  detail: string,
  errors: readonly FieldError[],
  requestId?: string,
): Problem {
  const { status, title, retryable } = ERRORS[code];
  return {
    type: `urn:drc:problem:${code.toLowerCase().replaceAll("_", "-")}`,
    title,
    status,
    detail,
    code,
    retryable,
    ...(errors.length > 0 ? { errors: [...errors] } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}
