import type { Budget, BudgetCost, SweepDetailResource, SweepPointResource, SweepPointState } from "@drc/contracts";
import { formatSeconds, groupDigits } from "../terminal/numbers.ts";
import { percent } from "./compression-table.ts";

export const COST_NAMES: Record<BudgetCost, string> = {
  parameters: "parameters",
  multiplyAdds: "multiply-adds",
  latency: "latency",
};

const MARKS: Record<SweepPointState, string> = {
  waiting: "·",
  running: "▸",
  paused: "‖",
  succeeded: "✓",
  stopped: "–",
  failed: "✗",
  cancelled: "✗",
};

const STAGE_NAMES: Readonly<Record<string, string>> = {
  train: "train",
  search: "channel search",
  prune: "prune",
  fineTune: "fine-tune",
  trainFromScratch: "train from scratch",
  evaluateBicubic: "evaluate bicubic",
  evaluateOriginal: "evaluate original",
  evaluatePruned: "evaluate pruned",
  evaluateCompressed: "evaluate compressed",
};

export function isPointFinal(state: SweepPointState): boolean {
  return state === "succeeded" || state === "stopped" || state === "failed" || state === "cancelled";
}

/** How far all of it has come. */
export function formatSweepHead({ points, pointStates, jobs }: SweepDetailResource): string {
  const { succeeded, running, stopped, failed, cancelled } = pointStates;
  const others = { running, stopped, failed, cancelled };
  const named = Object.entries(others).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []));
  return `${[`${succeeded} of ${points.length} points done`, ...named].join(", ")}; ${jobs.ended} of ${jobs.total} jobs`;
}

/** The point's place in the grid. */
export function pointLabel({ budget, method, seed }: SweepPointResource): string {
  return `${COST_NAMES[budget.of]} −${percent(budget.remove)}${widthsOf(budget)}  ${method}  seed ${seed}`;
}

/** What tells two budgets of one share apart. */
export function widthsOf({ widthMultiple }: Budget): string {
  return widthMultiple === undefined ? "" : `, widths in multiples of ${widthMultiple}`;
}

export function formatPoint(point: SweepPointResource, width: number): string {
  const label = pointLabel(point);
  const padding = " ".repeat(Math.max(0, width - [...label].length));
  return `${MARKS[point.state]} ${label}${padding}  ${pointText(point)}`.trimEnd();
}

function pointText(point: SweepPointResource): string {
  const { state, stateReason, error, quality, cost } = point;
  switch (state) {
    case "succeeded": {
      const before = quality.pruned ? ` (${decibels(quality.pruned.psnr)} before fine-tuning)` : "";
      const size = cost ? `  ${groupDigits(cost.parameters)} parameters` : "";
      return `${decibels(quality.compressed?.psnr)}${before}${size}`;
    }
    case "failed":
      return error ? `${error.code}: ${error.detail}` : "failed";
    case "waiting":
      return "waits";
    case "stopped":
    case "cancelled":
      return stateReason ?? state;
    case "paused":
    case "running":
      return `${state === "paused" ? "paused: " : ""}${stageText(point)}`;
  }
}

/** The stage that the point is at, with the time left. */
export function stageText({ progress }: SweepPointResource): string {
  if (!progress) return "";
  const { stage, step, of, secondsLeft } = progress;
  const steps = of > 0 ? ` ${step} of ${of}` : "";
  return `${STAGE_NAMES[stage]}${steps}${secondsLeft === null ? "" : `  ${formatSeconds(secondsLeft)} left`}`;
}

function decibels(psnr: number | null | undefined): string {
  if (psnr === undefined) return "–";
  return psnr === null ? "infinite" : `${psnr.toFixed(2)} dB`;
}
