/**
 * What docs/results.md compares: base networks, and the points at which each of them is compressed. A point's
 * identifier is where its line in the file of runs is found again.
 */
import type { Guide, Importance, SearchMethod } from "../../src/index.ts";

/** Batch 8, LR patch 24, 4e-4 with a cosine to 1e-7 (METHOD section 4b). */
export const TRAINING_STEPS = 5000;
export const FINE_TUNING_STEPS = 600;

interface BaseNetwork {
  scale: 2 | 4;
  /** Of its initial weights and its batches; null for the one that comes as a file. */
  seed: number | null;
  /** λ of its training. */
  dualWeight: number;
}

/** `base0` was trained with PyTorch and comes as a file; it has 0.1 for λ, as the others but those named so. */
export const BASES = {
  base0: { scale: 4, seed: null, dualWeight: 0.1 },
  base1: { scale: 4, seed: 1, dualWeight: 0.1 },
  "base1-no-dual": { scale: 4, seed: 1, dualWeight: 0 },
  base2: { scale: 4, seed: 2, dualWeight: 0.1 },
  "base2-no-dual": { scale: 4, seed: 2, dualWeight: 0 },
  "x2-base": { scale: 2, seed: 1, dualWeight: 0.1 },
} as const satisfies Record<string, BaseNetwork>;

export type BaseName = keyof typeof BASES;

/** Blocks per phase and features of all of them. */
export const SHAPE = { blocks: 4, features: 8 } as const;

/** `drc-no-dual`: searched with λ = 0. */
export type PlanName = SearchMethod | "drc-no-dual";

export interface Choice {
  importance: Importance;
  /** λ of the choice; 0 leaves the dual loss out. */
  dualWeight?: number;
  /** Tells draws apart. */
  seed?: number;
}

const secondOrder = (guide: Guide): Choice => ({ importance: { method: "second-order", guide } });

export const CHOICES = {
  "second-order": secondOrder("dual-input"),
  "second-order:dual": secondOrder("dual"),
  "second-order:primal": secondOrder("primal"),
  "second-order:both": secondOrder("both"),
  greedy: { importance: { method: "greedy", channelsPerRound: 1 } },
  "greedy-4": { importance: { method: "greedy", channelsPerRound: 4 } },
  "greedy-4-no-dual": { importance: { method: "greedy", channelsPerRound: 4 }, dualWeight: 0 },
  taylor: { importance: { method: "taylor" } },
  l1: { importance: { method: "l1" } },
  fpgm: { importance: { method: "fpgm" } },
  "random-1": { importance: { method: "random" }, seed: 1 },
  "random-2": { importance: { method: "random" }, seed: 2 },
  "random-3": { importance: { method: "random" }, seed: 3 },
} as const satisfies Record<string, Choice>;

/** A name of `CHOICES` as what it stands for. */
export const choiceOf = (name: keyof typeof CHOICES): Choice => CHOICES[name];

/** `from-scratch`: the shape of the plan, trained from drawn weights for as many steps as base and fine-tuning together. */
export type ChoiceName = keyof typeof CHOICES | "from-scratch";

export interface Point {
  id: string;
  base: BaseName;
  /** Share of the parameters to remove. */
  remove: number;
  plan: PlanName;
  choice: ChoiceName;
  /** Seed of the fine-tuning. */
  seed: number;
  /** Rounds of plan, choice and fine-tuning on the way to the budget; the steps are shared out evenly. */
  rounds: number;
}

function point(
  base: BaseName,
  remove: number,
  plan: PlanName,
  choice: ChoiceName,
  { seed = 1, rounds = 1 }: { seed?: number; rounds?: number } = {},
): Point {
  const extra = `${seed === 1 ? "" : `/seed-${seed}`}${rounds === 1 ? "" : `/${rounds}-rounds`}`;
  return { id: `${base}/${remove}/${plan}/${choice}${extra}`, base, remove, plan, choice, seed, rounds };
}

const CORE: readonly BaseName[] = ["base0", "base1"];
const BUDGETS = [0.5, 0.7, 0.3];

const ON_ONE_PLAN: readonly ChoiceName[] = [
  "second-order",
  "l1",
  "greedy-4",
  "taylor",
  "random-1",
  "second-order:primal",
  "second-order:dual",
  "second-order:both",
  "random-2",
  "random-3",
];

/** The most telling ones first: a run may end anywhere. */
export function allPoints(): Point[] {
  const points: Point[] = [];
  for (const remove of BUDGETS) {
    for (const base of CORE) {
      for (const choice of ["second-order", "l1"] as const) points.push(point(base, remove, "balanced", choice));
      for (const choice of ON_ONE_PLAN) points.push(point(base, remove, "second-order", choice));
      for (const plan of ["uniform", "drc"] as const) {
        for (const choice of ["l1", "second-order"] as const) points.push(point(base, remove, plan, choice));
      }
      points.push(point(base, remove, "drc", "greedy-4"));
      points.push(point(base, remove, "second-order", "second-order", { rounds: 2 }));
    }
  }
  for (const base of CORE) {
    for (const choice of ["l1", "second-order"] as const) points.push(point(base, 0.5, "drc-no-dual", choice));
    for (const plan of ["second-order", "balanced"] as const) points.push(point(base, 0.5, plan, "from-scratch"));
    points.push(point(base, 0.5, "second-order", "greedy-4-no-dual"));
    points.push(point(base, 0.5, "second-order", "fpgm"));
    points.push(point(base, 0.5, "drc-published", "greedy-4"));
    points.push(point(base, 0.5, "drc-published", "l1"));
  }
  points.push(point("base0", 0.5, "second-order", "greedy"));
  points.push(point("base0", 0.5, "second-order", "second-order", { seed: 2 }));
  points.push(point("base0", 0.5, "second-order", "second-order", { seed: 3 }));
  for (const choice of ["second-order", "l1", "greedy-4", "random-1"] as const) {
    points.push(point("x2-base", 0.5, "second-order", choice));
  }
  points.push(point("x2-base", 0.5, "uniform", "l1"));
  return points;
}
