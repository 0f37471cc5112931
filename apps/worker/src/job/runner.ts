/** What a job kind's program gets and gives; one file per kind stands in `runners/`. */
import type { StageControl } from "@drc/compression";
import type { ErrorCode, FieldError } from "@drc/contracts";
import type { TensorFlow } from "@drc/tensorflow";
import type { KeptFile, TaskMessage } from "../protocol.ts";

export interface RunnerContext {
  task: TaskMessage;
  /** Loads TensorFlow on the task's device at the first call; kinds without tensors never call it. */
  tensorflow(): Promise<TensorFlow>;
  /** Seed, stop signal, reports and checkpoints for a stage of the library. */
  control(options?: { checkpointEverySteps?: number }): Promise<StageControl>;
  signal: AbortSignal;
  log(line: string): void;
  progress(stage: string, step: number, of: number): void;
  /** Writes a file into the scratch folder and describes it for the result. */
  keep(role: KeptFile["role"], name: string, bytes: Uint8Array, contentType: string): Promise<KeptFile>;
  /** The same of a file that `write` puts at the path it gets: it is hashed from disk and never in memory whole. */
  keepWritten(
    role: KeptFile["role"],
    name: string,
    write: (path: string) => Promise<void>,
    contentType: string,
  ): Promise<KeptFile>;
}

export interface RunnerOutcome {
  result: Record<string, unknown>;
  files: KeptFile[];
}

export type Runner = (context: RunnerContext) => Promise<RunnerOutcome>;

/** A job that cannot go on, for a reason that its owner can remove. */
export class JobError extends Error {
  override readonly name = "JobError";
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;

  constructor(code: ErrorCode, detail: string, errors?: FieldError[]) {
    super(detail);
    this.code = code;
    this.errors = errors;
  }
}
