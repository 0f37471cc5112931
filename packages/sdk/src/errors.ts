import type { ErrorCode, FieldError, Problem } from "@drc/contracts";

/** The server refused a request, and says why in problem details (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  get code(): ErrorCode {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }

  /** The fields or files that are wrong, each with the reason. */
  get errors(): readonly FieldError[] {
    return this.problem.errors ?? [];
  }
}

/** No answer came; `cause` has the reason. Whether the server did what was asked is not known. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor(url: string, cause: unknown) {
    const inner = (cause as { cause?: Error }).cause;
    super(`${url} does not answer (${inner?.message || (cause as Error).message}).`, { cause });
  }
}

/** An answer that is not this server's, such as that of a proxy before it. */
export class UnexpectedAnswerError extends Error {
  override readonly name = "UnexpectedAnswerError";
  readonly status: number;

  constructor(status: number, text: string) {
    super(`The server answered with status ${status}: ${text.slice(0, 200)}`);
    this.status = status;
  }
}

/** What an answer that is no success says. */
export async function errorOf(response: Response): Promise<ProblemError | UnexpectedAnswerError> {
  const text = await response.text();
  const problem = parseProblem(text);
  return problem ? new ProblemError(problem) : new UnexpectedAnswerError(response.status, text);
}

function parseProblem(text: string): Problem | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<Problem> | null;
    const known = typeof parsed?.code === "string" && typeof parsed.detail === "string";
    return known && typeof parsed.status === "number" ? (parsed as Problem) : undefined;
  } catch {
    return undefined;
  }
}
