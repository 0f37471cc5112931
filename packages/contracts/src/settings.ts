/**
 * Settings of the stages. Each schema takes a preset's name and whatever differs from it, and gives every value:
 * `published` holds the paper's values (METHOD sections 2 to 5), `small` ones for a CPU and minutes.
 * What comes out goes in again unchanged, so that a stored spec needs no second schema.
 */
import { z } from "zod";

export const SETTINGS_PRESETS = ["small", "published"] as const;
const settingsPreset = z.enum(SETTINGS_PRESETS).default("small");

const steps = z.int().min(1).max(10_000_000);
const batchSize = z.int().min(1).max(1024);
export const SMALLEST_PATCH = 4;
/** Side of a patch in LR pixels where none is given; larger for networks that pool, as far as the images go. */
export const DEFAULT_PATCH = 24;
/** Side of a patch in LR pixels. */
const patchSize = z.int().min(SMALLEST_PATCH).max(1024);
const learningRate = z.number().positive().max(1e12);
/** λ of the dual regression loss; 0 leaves the dual networks out. */
const dualWeight = z.number().min(0).max(1000);
const everySteps = z.int().min(1).max(10_000_000);

type Preset = (typeof SETTINGS_PRESETS)[number];

/** The preset's values with those that were given in their place. */
function withPreset<S extends object>(presets: Record<Preset, S>) {
  return <G extends { preset: Preset }>(given: G) => {
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return { ...presets[given.preset], ...set } as S & { preset: Preset };
  };
}

/** How the learning rate falls; `step` never goes below the final learning rate, which `constant` leaves unread. */
export const learningRateSchedule = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("cosine") }),
  z.strictObject({ type: z.literal("step"), everySteps, factor: z.number().gt(0).lt(1) }),
  z.strictObject({ type: z.literal("constant") }),
]);

const trainingFields = {
  preset: settingsPreset,
  steps: steps.optional(),
  batchSize: batchSize.optional(),
  patchSize: patchSize.optional(),
  learningRate: learningRate.optional(),
  finalLearningRate: z.number().min(0).max(1e12).optional(),
  schedule: learningRateSchedule.optional(),
  /** Over these first steps the learning rate is scaled up linearly. */
  warmUpSteps: z.int().min(0).max(10_000_000).optional(),
  /** Largest norm of the gradient over all parameters; left out, it is not clipped. */
  gradientClip: z.number().positive().optional(),
  /** Left out, there is no moving average; else the averaged weights are validated and given back. */
  movingAverageDecay: z.number().gt(0).lt(1).optional(),
  /** Patches of unpaired images in a step, where there are any; as many as `batchSize` by default. */
  unpairedBatchSize: batchSize.optional(),
  dualWeight: dualWeight.optional(),
  validationEverySteps: everySteps.optional(),
  checkpointEverySteps: everySteps.optional(),
};

interface TrainingValues {
  steps: number;
  batchSize: number;
  /** Left out: what suits the network, at least `DEFAULT_PATCH`. */
  patchSize?: number;
  learningRate: number;
  finalLearningRate: number;
  schedule: z.output<typeof learningRateSchedule>;
  warmUpSteps: number;
  gradientClip?: number;
  movingAverageDecay?: number;
  unpairedBatchSize?: number;
  dualWeight: number;
  validationEverySteps: number;
  checkpointEverySteps: number;
}

const publishedTraining: TrainingValues = {
  steps: 1_000_000,
  batchSize: 32,
  patchSize: 96,
  learningRate: 1e-4,
  finalLearningRate: 1e-7,
  schedule: { type: "cosine" },
  warmUpSteps: 0,
  dualWeight: 0.1,
  validationEverySteps: 5_000,
  checkpointEverySteps: 1_000,
};

export const trainSettings = z.strictObject(trainingFields).transform(
  withPreset<TrainingValues>({
    small: {
      ...publishedTraining,
      steps: 1_500,
      batchSize: 8,
      patchSize: undefined,
      learningRate: 1e-3,
      validationEverySteps: 250,
      checkpointEverySteps: 100,
    },
    published: publishedTraining,
  }),
);
export type TrainSettings = z.output<typeof trainSettings>;

interface FineTuneValues extends TrainingValues {
  teacherWeight: number;
}

const publishedFineTuning: FineTuneValues = { ...publishedTraining, teacherWeight: 1 };

export const fineTuneSettings = z
  .strictObject({
    ...trainingFields,
    /** Of the teacher's term, where a teacher is named. */
    teacherWeight: z.number().positive().max(1e6).optional(),
  })
  .transform(
    withPreset<FineTuneValues>({
      small: {
        ...publishedFineTuning,
        steps: 600,
        batchSize: 8,
        patchSize: undefined,
        learningRate: 2e-4,
        validationEverySteps: 200,
        checkpointEverySteps: 100,
      },
      published: publishedFineTuning,
    }),
  );
export type FineTuneSettings = z.output<typeof fineTuneSettings>;

interface SearchValues {
  steps: number;
  batchSize: number;
  patchSize: number;
  learningRate: number;
  alphaLearningRate: number;
  alphaWeightDecay: number;
  gradientClip: number;
  dualWeight: number;
  order: "first" | "second";
  checkpointEverySteps: number;
}

const publishedSearch: SearchValues = {
  steps: 2_500,
  batchSize: 16,
  patchSize: 96,
  learningRate: 1e-4,
  alphaLearningRate: 3e-4,
  alphaWeightDecay: 1e-3,
  gradientClip: 5,
  dualWeight: 0.1,
  order: "first",
  checkpointEverySteps: 100,
};

/** Of the search methods that train (`drc`, `drc-published`); the others leave steps and rates unread. */
export const searchSettings = z
  .strictObject({
    preset: settingsPreset,
    steps: steps.optional(),
    batchSize: batchSize.optional(),
    patchSize: patchSize.optional(),
    learningRate: learningRate.optional(),
    alphaLearningRate: learningRate.optional(),
    alphaWeightDecay: z.number().min(0).max(1).optional(),
    gradientClip: z.number().positive().optional(),
    dualWeight: dualWeight.optional(),
    /** `second` follows what a step of the weights does to the loss of α: five passes a step in the place of two. */
    order: z.enum(["first", "second"]).optional(),
    checkpointEverySteps: everySteps.optional(),
  })
  .transform(
    withPreset<SearchValues>({
      // A short search moves α far enough only with larger steps; the cost term keeps them from the largest candidates.
      small: { ...publishedSearch, steps: 300, batchSize: 8, patchSize: 24, alphaLearningRate: 1e-2 },
      published: publishedSearch,
    }),
  );
export type SearchSettings = z.output<typeof searchSettings>;

interface CalibrationValues {
  batches: number;
  batchSize: number;
  /** Left out: what suits the network, at least `DEFAULT_PATCH`. */
  patchSize?: number;
  dualWeight: number;
}

const calibrationFields = {
  preset: settingsPreset,
  batches: z.int().min(1).max(1000).optional(),
  batchSize: batchSize.optional(),
  patchSize: patchSize.optional(),
  dualWeight: dualWeight.optional(),
};

const calibrationPresets: Record<Preset, CalibrationValues> = {
  small: { batches: 6, batchSize: 8, dualWeight: 0.1 },
  published: { batches: 10, batchSize: 16, patchSize: 96, dualWeight: 0.1 },
};

/** The patches over which importance is measured, the same in each round. */
const calibrationSettings = z
  .strictObject(calibrationFields)
  .transform(withPreset<CalibrationValues>(calibrationPresets));

/** The loss that tells second order which errors matter: its gradient weighs them. */
const guide = z.enum(["dual-input", "dual", "primal", "both"]);

interface SecondOrderCalibrationValues extends CalibrationValues {
  guide: z.output<typeof guide>;
}

/** Calibration of second order, as plan and as choice; the others read no guide. */
export const secondOrderCalibrationSettings = z
  .strictObject({ ...calibrationFields, guide: guide.optional() })
  .transform(
    withPreset<SecondOrderCalibrationValues>({
      small: { ...calibrationPresets.small, guide: "dual-input" },
      published: { ...calibrationPresets.published, guide: "dual-input" },
    }),
  );

const calibration = calibrationSettings.prefault({});
/** Of the greedy rule's pass of SGD after each round. */
const greedyLearningRate = learningRate.default(5e-5);

/** How the channels to keep are chosen. */
export const importance = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("second-order"), calibration: secondOrderCalibrationSettings.prefault({}) }),
  z.strictObject({
    method: z.literal("greedy"),
    /** 1 is the published rule; more is faster and less exact. */
    channelsPerRound: z.int().min(1).max(64).default(1),
    learningRate: greedyLearningRate,
    calibration,
  }),
  /** The greedy rule cut short: all channels of a layer are ranked by the scores of its first round. */
  z.strictObject({ method: z.literal("one-shot"), learningRate: greedyLearningRate, calibration }),
  z.strictObject({ method: z.literal("taylor"), calibration }),
  z.strictObject({ method: z.literal("l1") }),
  z.strictObject({ method: z.literal("fpgm") }),
  z.strictObject({ method: z.literal("random") }),
]);
export type Importance = z.output<typeof importance>;

/** Whether the choice reads HR images. */
export function importanceReadsHr(chosen: Importance): boolean {
  if (chosen.method === "second-order") return chosen.calibration.guide !== "dual-input";
  return "calibration" in chosen;
}

export const IMPORTANCE_METHODS = importance.options.map((option) => option.shape.method.value);

export const SEARCH_METHODS = ["balanced", "second-order", "drc", "drc-published", "uniform"] as const;
export const searchMethod = z.enum(SEARCH_METHODS);
export type SearchMethod = z.infer<typeof searchMethod>;

/** Whether the search reads second-order rises, and so `calibration`. */
export function readsRises(method: SearchMethod): boolean {
  return method === "balanced" || method === "second-order";
}

/** Whether the search reads HR images; `calibration` is that of second order. */
export function searchReadsHr(
  method: SearchMethod,
  calibration: z.output<typeof secondOrderCalibrationSettings>,
): boolean {
  return readsRises(method) ? calibration.guide !== "dual-input" : method !== "uniform";
}

export const BUDGET_COSTS = ["parameters", "multiplyAdds", "latency"] as const;
/** Latency is measured on the job's device. */
export const budgetCost = z.enum(BUDGET_COSTS);
export type BudgetCost = z.infer<typeof budgetCost>;

const SHARE_RANGE = {
  error: ({ input }: { input?: unknown }) =>
    `${input === undefined ? "This field is required: the" : `${JSON.stringify(input)} is not usable; the`} ` +
    "share to remove is a number between 0 and 1, both excluded.",
};

/** Of a budget without `widthMultiple`, as in the published plans. */
export const DEFAULT_WIDTH_MULTIPLE = 4;

/** Widths that shrink become multiples of this, where a runtime wants others than `DEFAULT_WIDTH_MULTIPLE`. */
export const widthMultiple = z.int().min(1).max(64);

/** What to remove, as a share of the primal network's cost (mean shift included, dual networks not). */
export const budget = z.strictObject({
  of: budgetCost,
  remove: z.number(SHARE_RANGE).gt(0, SHARE_RANGE).lt(1, SHARE_RANGE),
  /** By default 4. */
  widthMultiple: widthMultiple.optional(),
});
export type Budget = z.infer<typeof budget>;
