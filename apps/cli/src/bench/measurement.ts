/** One line of the benchmark's output. */
export interface Measurement {
  case: string;
  /** What one repetition does: `step` is a full training step, `forward` one pass from LR to SR values in memory. */
  what: string;
  /** Median over the repetitions. */
  ms: number;
  repetitions: number;
  /** Of what computes; left out where nothing does. */
  format?: "NHWC";
  tensorflow?: string;
  threads?: number;
  /** What else a case tells, each with its unit in its name. */
  [more: string]: string | number | undefined;
}

/** Times of `repetitions` calls in milliseconds, after `warmUps` that do not count. */
export function timeRepetitions(run: () => void, warmUps: number, repetitions: number): number[] {
  for (let i = 0; i < warmUps; i++) run();
  return Array.from({ length: repetitions }, () => {
    const startedAtMs = performance.now();
    run();
    return performance.now() - startedAtMs;
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** To the hundredth: more digits of a time in milliseconds say nothing. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
