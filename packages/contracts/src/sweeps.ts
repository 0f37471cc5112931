/** What a sweep is asked for: a grid over budgets, methods and seeds on one base network. */
import { z } from "zod";
import { checkNetworkOrModel, compressionFields, datasetInput, seed, submissionFields } from "./job-specs.ts";
import { type Budget, budget, DEFAULT_WIDTH_MULTIPLE } from "./settings.ts";
import { isFromScratch, methodName, sweepMethod } from "./sweep-methods.ts";

export const MAX_SWEEP_POINTS = 500;

const psnr = z.number().min(-100).max(200);

/** By the pruned network's PSNR on the evaluation images, before any fine-tuning. */
export const stopWhen = z.union([
  /** Under so many dB. */
  z.strictObject({ psnrBelow: psnr }),
  /** More than so many dB under bicubic interpolation. */
  z.strictObject({ belowBicubic: z.number().min(0).max(200) }),
]);
export type StopWhen = z.infer<typeof stopWhen>;

const grid = z
  .strictObject({
    budgets: z.array(budget).min(1).max(100),
    methods: z.array(sweepMethod).min(1).max(100),
    /** Of the fine-tunings, of what is drawn at random, and of trainings from scratch. */
    seeds: z.array(seed).min(1).max(100).default([1]),
  })
  .superRefine(({ budgets, methods, seeds }, context) => {
    refuseRepeated(context, "budgets", budgets, budgetText);
    refuseRepeated(context, "methods", methods, ({ name }) => name);
    refuseRepeated(context, "seeds", seeds, String);
    const points = budgets.length * methods.length * seeds.length;
    if (points <= MAX_SWEEP_POINTS) return;
    context.addIssue({
      code: "custom",
      message:
        `${budgets.length} budgets, ${methods.length} methods and ${seeds.length} seeds are ${points} points; ` +
        `a sweep has at most ${MAX_SWEEP_POINTS}. Make several.`,
    });
  });

/** A budget that names the default multiple asks for the same work as one that names none. */
function budgetText({ of, remove, widthMultiple = DEFAULT_WIDTH_MULTIPLE }: Budget): string {
  return `${remove} of ${of} in widths of ${widthMultiple}`;
}

function refuseRepeated<T>(
  context: z.core.$RefinementCtx<unknown>,
  field: string,
  items: readonly T[],
  textOf: (item: T) => string,
): void {
  const texts = items.map(textOf);
  texts.forEach((text, i) => {
    const first = texts.indexOf(text);
    if (first === i) return;
    const remedy = field === "methods" ? 'Leave one out, or give it another "name".' : "Leave one out.";
    context.addIssue({
      code: "custom",
      path: [field, i],
      message: `"${text}" stands at position ${first} already. ${remedy}`,
    });
  });
}

/**
 * `POST /v1/sweeps`: each budget with each method and each seed is a point: search → prune → fine-tune → evaluate, after
 * the training of the base network where no model is named. Jobs of the same work on the same inputs with the same seed
 * are made once.
 */
export const createSweepBody = z
  .strictObject({
    ...compressionFields,
    evaluation: z.strictObject({
      dataset: datasetInput,
      keepImages: z.boolean().default(false),
      /** Whether pruned networks are measured before their fine-tuning as well. */
      pruned: z.boolean().default(true),
    }),
    grid,
    /** The method that the summary compares the others with; left out, the first one. */
    baseline: methodName.optional(),
    /** Left out, every point is fine-tuned. */
    stopWhen: stopWhen.optional(),
    ...submissionFields,
  })
  .superRefine((body, context) => {
    checkNetworkOrModel(body, context);
    const { model, train, grid: asked, baseline, evaluation } = body;
    if (model !== undefined && train !== undefined && !asked.methods.some(isFromScratch)) {
      const message =
        'A "model" is not trained again, and no method is "from-scratch": leave "train" out, or give "network" in the place of "model".';
      context.addIssue({ code: "custom", path: ["train"], message });
    }
    if (baseline !== undefined && !asked.methods.some(({ name }) => name === baseline)) {
      const names = asked.methods.map(({ name }) => name).join(", ");
      const message = `No method of the grid is called "${baseline}"; there are: ${names}.`;
      context.addIssue({ code: "custom", path: ["baseline"], message });
    }
    if (body.stopWhen !== undefined && !evaluation.pruned) {
      const message = 'It goes by the pruned networks: leave "pruned": false out of the evaluation.';
      context.addIssue({ code: "custom", path: ["stopWhen"], message });
    }
  });
export type CreateSweepBody = z.output<typeof createSweepBody>;
