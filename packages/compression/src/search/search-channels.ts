/**
 * Channel number search: how many channels each prunable group keeps under a budget (METHOD, sections 3 and 4b).
 */
import {
  achievedBudget,
  type Budget,
  type Model,
  nearestWidth,
  networkScale,
  planSpace,
  prunableGroups,
  type ResolvedBudget,
  resolveBudget,
} from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { type CalibrationSettings, calibrationBatches, SECOND_ORDER_CALIBRATION } from "../calibration.ts";
import type { StageControl } from "../control.ts";
import { LoadedModel } from "../loaded-model.ts";
import { cheapestPlan } from "../plans/cheapest-plan.ts";
import { uniformPlan } from "../plans/uniform-plan.ts";
import { checkGuideImages, DEFAULT_GUIDE, type Guide } from "../second-order/guide.ts";
import { riseCurves } from "../second-order/rise-curves.ts";
import { type CalibrationImage, checkTrainingImages } from "../training-image.ts";
import { type ExpectedCost, expectedWidths, likeliestWidths } from "./architecture.ts";
import { publishedCandidates } from "./candidates.ts";
import { type BilevelSettings, type LearntArchitecture, learnArchitecture } from "./learn-architecture.ts";

/**
 * `drc`: bilevel search with a cost term over all multiples of four. `drc-published`: the published search, its
 * candidates and no cost term. `second-order`: predicted rises of the loss, no training. `uniform`: the same share
 * of every group. Each plan is repaired to meet the budget at the end.
 */
export type SearchMethod = "drc" | "drc-published" | "second-order" | "uniform";

/** The published settings; the patch is a quarter of the published one, which is 96 pixels of LR. */
const PUBLISHED_SEARCH: BilevelSettings = {
  steps: 2500,
  batchSize: 16,
  patchSize: 24,
  dualWeight: 0.1,
  learningRate: 1e-4,
  gradientClip: 5,
  alphaLearningRate: 3e-4,
  alphaWeightDecay: 1e-3,
  order: "first",
};

/** With a cost term α has to move far, and may, because it cannot drift to the largest candidates. */
const COST_AWARE_SEARCH: BilevelSettings = { ...PUBLISHED_SEARCH, steps: 300, batchSize: 8, alphaLearningRate: 1e-2 };

export interface SearchRequest {
  tensorflow: TensorFlow;
  model: Model;
  /** `second-order` reads what its guide does, `uniform` none, the others need HR images. */
  images: readonly CalibrationImage[];
  budget: Budget;
  method: SearchMethod;
  /** Of `drc` and `drc-published`; by default the published ones, and shorter ones with a larger step of α for `drc`. */
  settings?: Partial<BilevelSettings>;
  /** Of `second-order`; by default `SECOND_ORDER_CALIBRATION`. */
  calibration?: Partial<CalibrationSettings>;
  /** Of `second-order`: the loss whose gradient weighs the errors; by default `DEFAULT_GUIDE`. */
  guide?: Guide;
  control: StageControl;
}

export interface SearchResult {
  method: SearchMethod;
  /** The width of each prunable group, in the order of `groups`. */
  plan: number[];
  groups: string[];
  /** The plan as the method found it, before the repair step. */
  found: number[];
  asked: Budget;
  achieved: {
    /** Of the primal network after surgery. */
    parameters: number;
    /** Of the primal network after surgery, for one LR image of 96×96. */
    multiplyAdds: number;
    /** Share removed of what the budget counts, 0 to 1. */
    removedShare: number;
    /** True where it lies within one percentage point of the share asked for, or half of the smallest step. */
    met: boolean;
  };
  whole: { parameters: number; multiplyAdds: number };
  /** Forward-backward passes made. */
  passes: number;
}

/**
 * The widths that meet the budget.
 * @throws BudgetError, AbortedError, DivergedError, GuideError, TrainingImageError
 */
export async function searchChannels(request: SearchRequest): Promise<SearchResult> {
  const { model, method, budget, control } = request;
  const { graph } = model.primal;
  const resolved = resolveBudget(graph, budget);
  const { found, plan, passes } = await search(request, resolved);
  const spaces = { parameters: planSpace(graph, "parameters"), multiplyAdds: planSpace(graph, "multiplyAdds") };
  const achieved = achievedBudget(resolved, plan);
  if (!achieved.met) {
    control.onLog?.(
      `The budget asks for ${budget.remove} of the ${budget.of}; the nearest plan removes ${achieved.removedShare.toFixed(4)}.`,
    );
  }
  return {
    method,
    plan,
    groups: resolved.space.groups,
    found,
    asked: budget,
    achieved: {
      parameters: Math.round(spaces.parameters.cost(plan)),
      multiplyAdds: Math.round(spaces.multiplyAdds.cost(plan)),
      ...achieved,
    },
    whole: { parameters: spaces.parameters.wholeCost, multiplyAdds: spaces.multiplyAdds.wholeCost },
    passes,
  };
}

interface FoundPlan {
  found: number[];
  plan: number[];
  passes: number;
}

async function search(request: SearchRequest, resolved: ResolvedBudget): Promise<FoundPlan> {
  switch (request.method) {
    case "uniform": {
      const plan = uniformPlan(resolved);
      return { found: plan, plan, passes: 0 };
    }
    case "second-order":
      return searchBySecondOrder(request, resolved);
    case "drc":
      return searchWithCost(request, resolved);
    case "drc-published":
      return searchAsPublished(request, resolved);
  }
}

async function searchBySecondOrder(request: SearchRequest, resolved: ResolvedBudget): Promise<FoundPlan> {
  const { tensorflow, model, images, control, guide = DEFAULT_GUIDE } = request;
  const calibration = { ...SECOND_ORDER_CALIBRATION, ...request.calibration };
  checkGuideImages(images, networkScale(model.primal.graph), calibration.patchSize, guide);
  const batches = calibrationBatches(tensorflow, images, calibration, control.seed);
  const loaded = new LoadedModel(tensorflow, model);
  try {
    const { rises, passes } = await riseCurves({
      tensorflow,
      model: loaded,
      batches,
      guide,
      dualWeight: calibration.dualWeight,
      control,
    });
    const plan = cheapestPlan(resolved, (group, width) => rises[group][width]);
    return { found: plan, plan, passes };
  } finally {
    loaded.dispose();
    for (const batch of batches) batch.dispose();
  }
}

/** Every multiple of four is a candidate and the expected cost is held at the target; the result is the mean width. */
async function searchWithCost(request: SearchRequest, resolved: ResolvedBudget): Promise<FoundPlan> {
  const { space, targetCost } = resolved;
  const costs = space.choices.map((widths, group) =>
    Float64Array.from(widths, (width) => (width * space.costPerChannel[group]) / space.wholeCost),
  );
  const prunableCost = space.whole.reduce((sum, width, group) => sum + width * space.costPerChannel[group], 0);
  const target = (targetCost - (space.wholeCost - prunableCost)) / space.wholeCost;
  const { distribution, passes } = await learn(request, COST_AWARE_SEARCH, space.choices, { costs, target });
  const means = expectedWidths(distribution, space.choices);
  const found = means.map((width, group) => nearestWidth(space.choices[group], width));
  return { found, plan: repairedPlan(resolved, means), passes };
}

async function searchAsPublished(request: SearchRequest, resolved: ResolvedBudget): Promise<FoundPlan> {
  const { space } = resolved;
  const ratio = publishedRatio(resolved);
  const candidates = space.whole.map((width) => publishedCandidates(width, ratio));
  const { distribution, passes } = await learn(request, PUBLISHED_SEARCH, candidates, undefined);
  const found = likeliestWidths(distribution, candidates);
  return { found, plan: repairedPlan(resolved, found), passes };
}

function learn(
  request: SearchRequest,
  defaults: BilevelSettings,
  candidates: readonly (readonly number[])[],
  expected: ExpectedCost | undefined,
): Promise<LearntArchitecture> {
  const { images } = request;
  const { graph } = request.model.primal;
  const settings = { ...defaults, ...request.settings };
  checkTrainingImages(images, networkScale(graph), settings.patchSize);
  return learnArchitecture({ ...request, images, groups: prunableGroups(graph), candidates, expected, settings });
}

/**
 * The ratio of channels whose largest candidates come nearest to the budget: the published search, which has no cost
 * term, ends close to them everywhere.
 */
export function publishedRatio({ space, targetCost }: ResolvedBudget): number {
  let nearest = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let percent = 1; percent < 100; percent++) {
    const plan = space.whole.map((width) => publishedCandidates(width, percent / 100).at(-1) as number);
    const deviation = Math.abs(space.cost(plan) - targetCost);
    if (deviation < least) {
      least = deviation;
      nearest = percent / 100;
    }
  }
  return nearest;
}

/** The plan that meets the budget and differs least from `wanted`, in shares of each group's channels. */
function repairedPlan(resolved: ResolvedBudget, wanted: readonly number[]): number[] {
  return cheapestPlan(resolved, (group, width) => ((width - wanted[group]) / resolved.space.whole[group]) ** 2);
}
