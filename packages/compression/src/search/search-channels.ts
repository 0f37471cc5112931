/**
 * Channel number search: how many channels each prunable group keeps under a budget (METHOD, sections 3 and 4b).
 */
import {
  achievedBudget,
  type Budget,
  fixedCost,
  LATENCY_TOLERANCE_SHARE,
  type Model,
  nearestWidth,
  networkScale,
  planSpace,
  prunableGroups,
  type ResolvedBudget,
  requireBudget,
  resolveBudget,
  resolveLatencyBudget,
} from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import {
  type CalibrationSettings,
  calibrationBatches,
  calibrationSettings,
  SECOND_ORDER_CALIBRATION,
} from "../calibration.ts";
import type { StageControl } from "../control.ts";
import { LoadedModel } from "../loaded-model.ts";
import { balancedRises } from "../plans/balanced-rises.ts";
import { cheapestPlan } from "../plans/cheapest-plan.ts";
import { uniformPlan } from "../plans/uniform-plan.ts";
import { checkGuideImages, DEFAULT_GUIDE, type Guide } from "../second-order/guide.ts";
import { riseCurves } from "../second-order/rise-curves.ts";
import { type CalibrationImage, checkTrainingImages } from "../training-image.ts";
import { type ExpectedCost, expectedWidths, likeliestWidths } from "./architecture.ts";
import { publishedCandidates } from "./candidates.ts";
import { type LatencyCosts, latencyPlanSpace, measureLatencyCosts } from "./latency-costs.ts";
import { type BilevelSettings, type LearntArchitecture, learnArchitecture } from "./learn-architecture.ts";
import { meetLatency } from "./meet-latency.ts";
import type { PlanLatency } from "./plan-latency.ts";
import { SearchCheckpoints } from "./search-checkpoints.ts";

/**
 * `drc`: bilevel search with a cost term over all widths that the budget allows. `drc-published`: the published search, its
 * candidates and no cost term. `second-order`: predicted rises of the loss, no training. `balanced`: the same with the
 * groups' scales drawn near to each other. `uniform`: the same share of every group. Each plan is repaired to meet the
 * budget at the end.
 */
export type SearchMethod = "drc" | "drc-published" | "second-order" | "balanced" | "uniform";

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
  /** Of `second-order`; by default `SECOND_ORDER_CALIBRATION`, with `suitablePatches`. */
  calibration?: Partial<CalibrationSettings>;
  /** Of `second-order`: the loss whose gradient weighs the errors; by default `DEFAULT_GUIDE`. */
  guide?: Guide;
  /** Of a budget of latency: costs that an earlier search has measured. By default they are measured. */
  latencyCosts?: LatencyCosts;
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
    /** Share removed of what the budget is of, 0 to 1; of latency the measured one. */
    removedShare: number;
    /**
     * True where it lies within one percentage point of the share asked for, or half of the smallest step; of
     * latency within five.
     */
    met: boolean;
  };
  /** Of a budget of latency: what was measured. */
  latency?: { plan: PlanLatency; costs: LatencyCosts };
  whole: { parameters: number; multiplyAdds: number };
  /** Forward-backward passes made. */
  passes: number;
}

/**
 * The widths that meet the budget. A budget of latency is measured on this device: the search takes the measured
 * costs, and its plan is measured beside the original network, and repaired where it misses the budget.
 * @throws BudgetError, AbortedError, DivergedError, GuideError, TrainingImageError
 */
export async function searchChannels(request: SearchRequest): Promise<SearchResult> {
  const { tensorflow, model, method, budget, control } = request;
  const { graph } = model.primal;
  const checkpoints = new SearchCheckpoints(control, method);
  const { resolved, costs } = await resolve(request, checkpoints);
  const { found, planFor, passes } = await search(request, resolved, checkpoints);
  const latency = costs && {
    plan: await meetLatency({ tensorflow, graph, resolved, planFor, control, checkpoints }),
    costs,
  };
  const plan = latency?.plan.plan ?? planFor(resolved);
  const achieved = latency ? achievedLatency(budget, latency.plan) : achievedBudget(resolved, plan);
  if (!achieved.met) {
    control.onLog?.(
      `The budget asks for ${budget.remove} of the ${budget.of}; the nearest plan removes ${achieved.removedShare.toFixed(4)}.`,
    );
  }
  const spaces = { parameters: planSpace(graph, "parameters"), multiplyAdds: planSpace(graph, "multiplyAdds") };
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
    ...(latency ? { latency } : {}),
    whole: { parameters: spaces.parameters.wholeCost, multiplyAdds: spaces.multiplyAdds.wholeCost },
    passes,
  };
}

/** The budget as it applies to the network; of latency with its costs: those given, of the checkpoint, or new ones. */
async function resolve(
  { tensorflow, model, budget, control, latencyCosts }: SearchRequest,
  checkpoints: SearchCheckpoints,
): Promise<{ resolved: ResolvedBudget; costs?: LatencyCosts }> {
  const { graph } = model.primal;
  const { of } = budget;
  if (of !== "latency") return { resolved: resolveBudget(graph, { ...budget, of }) };
  requireBudget(graph, budget);
  const { measurements } = checkpoints;
  if (measurements.costs === undefined) {
    measurements.costs = latencyCosts ?? (await measureLatencyCosts(tensorflow, graph, control));
    await checkpoints.write();
  }
  const { costs } = measurements;
  return { resolved: resolveLatencyBudget(latencyPlanSpace(graph, costs, budget.widthMultiple), budget), costs };
}

function achievedLatency({ remove }: Budget, { removedShare }: PlanLatency): { removedShare: number; met: boolean } {
  return { removedShare, met: Math.abs(removedShare - remove) <= LATENCY_TOLERANCE_SHARE };
}

interface FoundPlan {
  /** Before the repair step. */
  found: number[];
  /** The plan that meets a budget. */
  planFor(resolved: ResolvedBudget): number[];
  passes: number;
}

async function search(
  request: SearchRequest,
  resolved: ResolvedBudget,
  checkpoints: SearchCheckpoints,
): Promise<FoundPlan> {
  switch (request.method) {
    case "uniform":
      return { found: uniformPlan(resolved), planFor: uniformPlan, passes: 0 };
    case "second-order":
    case "balanced":
      return searchBySecondOrder(request, resolved, checkpoints);
    case "drc":
      return searchWithCost(request, resolved, checkpoints);
    case "drc-published":
      return searchAsPublished(request, resolved, checkpoints);
  }
}

async function searchBySecondOrder(
  request: SearchRequest,
  resolved: ResolvedBudget,
  checkpoints: SearchCheckpoints,
): Promise<FoundPlan> {
  const { tensorflow, model, images, control, guide = DEFAULT_GUIDE } = request;
  const { graph } = model.primal;
  const calibration = calibrationSettings(graph, images, SECOND_ORDER_CALIBRATION, request.calibration);
  checkGuideImages(images, networkScale(graph), calibration.patchSize, guide);
  const batches = calibrationBatches(tensorflow, images, calibration, control.seed);
  const loaded = new LoadedModel(tensorflow, model);
  const saveRises = (rises: readonly number[][]) => checkpoints.save({ state: { rises }, models: {}, tensors: {} });
  try {
    const { rises, passes } = await riseCurves({
      tensorflow,
      model: loaded,
      batches,
      guide,
      dualWeight: calibration.dualWeight,
      control,
      resumed: checkpoints.resumed<{ rises: number[][] }>()?.state.rises,
      save: (rises) => (checkpoints.isDue(rises.length) || control.signal?.aborted ? saveRises(rises) : undefined),
    });
    const planFor = (budget: ResolvedBudget) =>
      cheapestPlan(
        budget,
        request.method === "balanced" ? balancedRises(budget.space, rises) : (group, width) => rises[group][width],
      );
    return { found: planFor(resolved), planFor, passes };
  } finally {
    loaded.dispose();
    for (const batch of batches) batch.dispose();
  }
}

/** Every width of the space is a candidate and the expected cost is held at the target; the result is the mean width. */
async function searchWithCost(
  request: SearchRequest,
  { space, targetCost }: ResolvedBudget,
  checkpoints: SearchCheckpoints,
): Promise<FoundPlan> {
  const costs = space.choiceCosts.map((group) => Float64Array.from(group, (cost) => cost / space.wholeCost));
  const target = (targetCost - fixedCost(space)) / space.wholeCost;
  const expected = { costs, target };
  const { distribution, passes } = await learn(request, COST_AWARE_SEARCH, space.choices, expected, checkpoints);
  const means = expectedWidths(distribution, space.choices);
  const found = means.map((width, group) => nearestWidth(space.choices[group], width));
  return { found, planFor: (resolved) => repairedPlan(resolved, means), passes };
}

async function searchAsPublished(
  request: SearchRequest,
  resolved: ResolvedBudget,
  checkpoints: SearchCheckpoints,
): Promise<FoundPlan> {
  const ratio = publishedRatio(resolved);
  const candidates = resolved.space.whole.map((width) => publishedCandidates(width, ratio));
  const { distribution, passes } = await learn(request, PUBLISHED_SEARCH, candidates, undefined, checkpoints);
  const found = likeliestWidths(distribution, candidates);
  return { found, planFor: (budget) => repairedPlan(budget, found), passes };
}

function learn(
  request: SearchRequest,
  defaults: BilevelSettings,
  candidates: readonly (readonly number[])[],
  expected: ExpectedCost | undefined,
  checkpoints: SearchCheckpoints,
): Promise<LearntArchitecture> {
  const { images } = request;
  const { graph } = request.model.primal;
  const settings = { ...defaults, ...request.settings };
  checkTrainingImages(images, networkScale(graph), settings.patchSize);
  const groups = prunableGroups(graph);
  return learnArchitecture({ ...request, images, groups, candidates, expected, settings, checkpoints });
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
