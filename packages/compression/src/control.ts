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
      lastFiniteLoss === undefined
        ? "no step had a finite one"
        : `the last finite one was ${Number(lastFiniteLoss.toPrecision(6))}`;
    super(
      `Loss or gradients were not finite in 10 steps up to step ${step} of the stage "${stage}" (${last}). ` +
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

/** A pace is judged from at least so many steps, which took at least so long. */
const PACE_STEPS = 5;
const PACE_MS = 3_000;

/** Remaining seconds at the pace of this run's steps, without the first: it warms up, and takes many times as long. */
export class StepClock {
  private readonly of: number;
  private warm: { step: number; atMs: number } | undefined;

  constructor(of: number) {
    this.of = of;
  }

  /** To be called after each step; undefined while there is too little to judge the pace from. */
  secondsLeft(step: number): number | undefined {
    const nowMs = performance.now();
    this.warm ??= { step, atMs: nowMs };
    const steps = step - this.warm.step;
    const tookMs = nowMs - this.warm.atMs;
    if (steps < PACE_STEPS || tookMs < PACE_MS) return undefined;
    return (tookMs / 1000 / steps) * (this.of - step);
  }
}
