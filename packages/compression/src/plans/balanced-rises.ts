import type { PlanSpace } from "@drc/network";
import type { WidthPenalty } from "./cheapest-plan.ts";

/**
 * Each group's predicted rises of the loss over the square root of that at its least width. The rises of groups lie up to
 * a hundred times apart, but other layers and fine-tuning make up for more of the large ones: such plans were better than
 * those of the plain sum, before fine-tuning and after it (docs/results.md).
 *
 * @param rises by group and width, as `riseCurves` gives them
 */
export function balancedRises(
  { choices }: Pick<PlanSpace, "choices">,
  rises: readonly (readonly number[])[],
): WidthPenalty {
  const scales = rises.map((curve, group) => Math.sqrt(curve[choices[group][0]]));
  // A group that nothing reads loses nothing at any width.
  return (group, width) => (scales[group] === 0 ? 0 : rises[group][width] / scales[group]);
}
