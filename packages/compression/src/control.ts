/**
 * What every long-running stage takes and throws: seed, abort signal, callbacks, checkpoints.
 */

export interface StageProgress {
  stage: string;
  step: number;
  of: number;
  /** Estimated from the steps of this run; absent until there is something to estimate from. */
  secondsLeft?: number;
}

export interface StageMetrics {
  step: number;
  values: Record<string, number>;
}

export interface CheckpointControl {
  everySteps: number;
  /** Gets a complete checkpoint file; the stage goes on when it returns. */
  save(bytes: Uint8Array): void | Promise<void>;
  /** A checkpoint of an earlier run of the same stage and settings, to continue from. */
  resume?: Uint8Array;
}

export interface StageControl {
  seed: number;
  /** When it fires, the stage writes a checkpoint (where it has `checkpoint`) and throws `AbortedError`. */
  signal?: AbortSignal;
  onProgress?(progress: StageProgress): void;
  onMetrics?(metrics: StageMetrics): void;
  onLog?(line: string): void;
  checkpoint?: CheckpointControl;
}

/** The stage was stopped by its abort signal, between two steps. */
export class AbortedError extends Error {
  readonly code = "ABORTED";
  readonly step: number;
  constructor(stage: string, step: number) {
    super(`The ${stage} was stopped after step ${step}.`);
    this.name = "AbortedError";
    this.step = step;
  }
}

/** Ten steps in a row had a loss or a gradient that is not finite. */
export class DivergedError extends Error {
  readonly code = "TRAINING_DIVERGED";
  readonly step: number;
  readonly lastFiniteLoss: number | undefined;
  constructor(stage: string, step: number, lastFiniteLoss: number | undefined) {
    const last =
      lastFiniteLoss === undefined ? "no step had a finite one" : `the last finite one was ${lastFiniteLoss}`;
    super(
      `The ${stage} diverged: loss or gradients were not finite in 10 steps up to step ${step} (${last}). ` +
        "Lower the learning rate.",
    );
    this.name = "DivergedError";
    this.step = step;
    this.lastFiniteLoss = lastFiniteLoss;
  }
}

/** Steps in a row without a finite loss and gradient after which a stage gives up. */
export const NON_FINITE_STEPS_ALLOWED = 10;

/** Lets messages and signals through; a stage awaits it once a step. */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Remaining seconds at the pace of the steps done since this clock was made. */
export class StepClock {
  private readonly startedAtMs = performance.now();
  private readonly firstStep: number;
  private readonly of: number;

  constructor(firstStep: number, of: number) {
    this.firstStep = firstStep;
    this.of = of;
  }

  secondsLeft(step: number): number | undefined {
    const done = step - this.firstStep;
    if (done < 1) return undefined;
    return ((performance.now() - this.startedAtMs) / 1000 / done) * (this.of - step);
  }
}
