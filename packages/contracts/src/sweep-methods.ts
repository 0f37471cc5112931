/** The methods that a sweep compares: presets by name, or all of a compression's `method` under a name of one's own. */
import { z } from "zod";
import { methodFields } from "./job-specs.ts";
import {
  type Importance,
  importance,
  readsRises,
  type SearchMethod,
  type SearchSettings,
  searchMethod,
  searchSettings,
  secondOrderCalibrationSettings,
} from "./settings.ts";

/** Ways to choose the channels that stay, named as they are compared. */
const CHOICE_PRESETS = ["drc", "drc-no-dual", "second-order", "l1", "fpgm", "taylor", "random"] as const;
type ChoicePreset = (typeof CHOICE_PRESETS)[number];

const FROM_SCRATCH = "from-scratch";

export const SWEEP_METHODS = [...CHOICE_PRESETS, FROM_SCRATCH] as const;

type Calibration = z.output<typeof secondOrderCalibrationSettings>;

interface FoundPlan {
  name: string;
  plan: SearchMethod;
  search: SearchSettings;
  calibration: Calibration;
}

/** A compression's method under a name. */
export interface ChoiceMethod extends FoundPlan {
  importance: Importance;
}

/** The shape that a plan gives, trained from random weights. */
export interface ScratchMethod extends FoundPlan {
  preset: typeof FROM_SCRATCH;
  /** Of its training; left out, those of the base network's training and of the fine-tuning together. */
  steps?: number;
}

export type SweepMethod = ChoiceMethod | ScratchMethod;

export function isFromScratch(method: SweepMethod): method is ScratchMethod {
  return "preset" in method;
}

/** For tables, files and command lines. */
export const methodName = z.string().regex(/^[A-Za-z0-9][\w.:+/ -]{0,63}$/, {
  error: "A method's name has 1 to 64 letters, digits, blanks and _ . : + / - and begins with a letter or digit.",
});

/** Settings that the plan does not read are those by default, so that equal searches are equal jobs. */
function plainPlan({ plan, search, calibration }: Omit<FoundPlan, "name">): Omit<FoundPlan, "name"> {
  const trains = plan === "drc" || plan === "drc-published";
  return {
    plan,
    search: trains ? search : searchSettings.parse({}),
    calibration: readsRises(plan) ? calibration : secondOrderCalibrationSettings.parse({}),
  };
}

function choiceOf(preset: ChoicePreset, given: { plan?: SearchMethod; name?: string }): ChoiceMethod {
  const searches = preset === "drc" || preset === "drc-no-dual";
  const dual = preset === "drc-no-dual" ? { dualWeight: 0 } : {};
  const plan = given.plan ?? (searches ? "drc" : "balanced");
  const search = searchSettings.parse(dual);
  const guide = preset === "drc-no-dual" ? { guide: "primal", ...dual } : {};
  const calibration = secondOrderCalibrationSettings.parse(guide);
  const rule = searches ? { method: "greedy", calibration: dual } : { method: preset };
  return {
    name: given.name ?? nameOf(preset, given.plan),
    ...plainPlan({ plan, search, calibration }),
    importance: importance.parse(rule),
  };
}

function nameOf(preset: string, plan: SearchMethod | undefined): string {
  return plan === undefined ? preset : `${preset}/${plan}`;
}

const scratchMethod = z
  .strictObject({
    name: methodName.optional(),
    preset: z.literal(FROM_SCRATCH),
    plan: searchMethod.optional(),
    search: methodFields.search,
    calibration: methodFields.calibration,
    steps: z.int().min(1).max(10_000_000).optional(),
  })
  .transform(
    ({ name, plan, search, calibration, ...rest }): ScratchMethod => ({
      name: name ?? nameOf(FROM_SCRATCH, plan),
      ...rest,
      ...plainPlan({ plan: plan ?? "balanced", search, calibration }),
    }),
  );

/**
 * A method by its preset; a preset with the plan of another; or a name with `plan`, `importance`, `search` and
 * `calibration` as a compression has them. What comes out is whole, and goes in again unchanged.
 */
export const sweepMethod = z.union([
  z
    .enum(SWEEP_METHODS)
    .transform(
      (preset): SweepMethod => (preset === FROM_SCRATCH ? scratchMethod.parse({ preset }) : choiceOf(preset, {})),
    ),
  z
    .strictObject({ preset: z.enum(CHOICE_PRESETS), plan: searchMethod.optional(), name: methodName.optional() })
    .transform(({ preset, ...given }): SweepMethod => choiceOf(preset, given)),
  scratchMethod,
  z
    .strictObject({ name: methodName, ...methodFields })
    .transform((method): SweepMethod => ({ ...method, ...plainPlan(method) })),
]);
