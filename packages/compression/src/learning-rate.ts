/** How the learning rate falls over a training. */
export type LearningRateSchedule =
  /** Half a cosine from the learning rate to the final one. */
  | { type: "cosine" }
  /** Times `factor` each `everySteps` steps, never below the final learning rate. */
  | { type: "step"; everySteps: number; factor: number }
  | { type: "constant" };

export interface LearningRateSettings {
  steps: number;
  learningRate: number;
  finalLearningRate: number;
  /** Cosine where it is left out. */
  schedule?: LearningRateSchedule;
  /** Over these first steps the schedule's rate is scaled up linearly, from 1/warmUpSteps of it; 0 by default. */
  warmUpSteps?: number;
}

/** Cosine from `initial` at step 0 to `final` at step `steps`. */
export function cosineLearningRate(step: number, steps: number, initial: number, final: number): number {
  return final + (initial - final) * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
}

/** The learning rate of the step after `step` finished ones; that of the first step is at 0. */
export function learningRateAt(step: number, settings: LearningRateSettings): number {
  const { warmUpSteps = 0 } = settings;
  const scheduled = scheduledRate(step, settings);
  return step < warmUpSteps ? (scheduled * (step + 1)) / warmUpSteps : scheduled;
}

function scheduledRate(
  step: number,
  { steps, learningRate, finalLearningRate, schedule = { type: "cosine" } }: LearningRateSettings,
): number {
  switch (schedule.type) {
    case "cosine":
      return cosineLearningRate(step, steps, learningRate, finalLearningRate);
    case "step":
      return Math.max(finalLearningRate, learningRate * schedule.factor ** Math.floor(step / schedule.everySteps));
    case "constant":
      return learningRate;
  }
}
