/** What the chart of a sweep shows: marks of points and of their means, the front, and the lines to compare with. */
import type {
  MeasuredCost,
  Spread,
  SweepDetailResource,
  SweepPointResource,
  SweepSummaryResource,
  SweepSummaryRow,
} from "@drc/contracts";
import type { COSTS, QUALITIES } from "./sweep-search.ts";

export type Cost = (typeof COSTS)[number];
export type Quality = (typeof QUALITIES)[number];

interface CostAxis {
  /** In a menu. */
  name: string;
  ofRow(row: SweepSummaryRow): Spread;
  of(cost: MeasuredCost): number | null;
}

export const COST_AXES: Record<Cost, CostAxis> = {
  parameters: {
    name: "Parameters",
    ofRow: (row) => row.parameters,
    of: (cost) => cost.parameters,
  },
  multiplyAdds: {
    name: "Multiply-adds",
    ofRow: (row) => row.multiplyAddsHr1280x720,
    of: (cost) => cost.multiplyAddsHr1280x720,
  },
  latency: {
    name: "Latency",
    ofRow: (row) => row.latencyMs,
    of: (cost) => cost.latency?.medianMs ?? null,
  },
};

interface QualityAxis {
  name: string;
  /** Of the axis, with its unit. */
  title: string;
  digits: number;
  unit: string;
  ofRow(row: SweepSummaryRow): Spread;
  of(point: SweepPointResource): number | null | undefined;
  field: "psnr" | "ssim";
}

export const QUALITY_AXES: Record<Quality, QualityAxis> = {
  psnr: {
    name: "PSNR",
    title: "PSNR in dB, after fine-tuning",
    digits: 2,
    unit: " dB",
    ofRow: (row) => row.psnr,
    of: ({ quality }) => quality.compressed?.psnr,
    field: "psnr",
  },
  ssim: {
    name: "SSIM",
    title: "SSIM, after fine-tuning",
    digits: 4,
    unit: "",
    ofRow: (row) => row.ssim,
    of: ({ quality }) => quality.compressed?.ssim,
    field: "ssim",
  },
  prunedPsnr: {
    name: "PSNR before fine-tuning",
    title: "PSNR in dB, before fine-tuning",
    digits: 2,
    unit: " dB",
    ofRow: (row) => row.prunedPsnr,
    of: ({ quality }) => quality.pruned?.psnr,
    field: "psnr",
  },
};

/** A place in the chart. */
export interface Mark {
  cost: number;
  quality: number;
}

/** The mean over the seeds of one budget and method; deviations are 0 where there are fewer than two. */
export interface MeanMark extends Mark {
  row: SweepSummaryRow;
  costDeviation: number;
  qualityDeviation: number;
}

export interface PointMark extends Mark {
  point: SweepPointResource;
}

export interface ChartData {
  means: MeanMark[];
  points: PointMark[];
  /** From cheap to costly: what no other mean beats in both. */
  front: MeanMark[];
  original: Mark | null;
  /** It costs nothing that could be compared. */
  bicubic: number | null;
}

/** @param hidden names of methods that are left out; the front is of what is left */
export function chartData(
  sweep: SweepDetailResource,
  summary: SweepSummaryResource,
  { cost, quality, hidden }: { cost: Cost; quality: Quality; hidden: ReadonlySet<string> },
): ChartData {
  const x = COST_AXES[cost];
  const y = QUALITY_AXES[quality];
  const means = summary.rows.flatMap((row): MeanMark[] => {
    const [costs, qualities] = [x.ofRow(row), y.ofRow(row)];
    if (hidden.has(row.method) || costs.mean === null || qualities.mean === null) return [];
    return [
      {
        row,
        cost: costs.mean,
        quality: qualities.mean,
        costDeviation: costs.standardDeviation ?? 0,
        qualityDeviation: qualities.standardDeviation ?? 0,
      },
    ];
  });
  const points = sweep.points.flatMap((point): PointMark[] => {
    const [costs, qualities] = [point.cost && x.of(point.cost), y.of(point)];
    // Of the others the means know nothing.
    if (hidden.has(point.method) || point.state !== "succeeded") return [];
    if (costs == null || qualities == null) return [];
    return [{ point, cost: costs, quality: qualities }];
  });
  return {
    means,
    points,
    front: frontOf(means),
    original: originalMark(sweep, x, y),
    bicubic: sweep.bicubic?.[y.field] ?? null,
  };
}

function originalMark({ original }: SweepDetailResource, x: CostAxis, y: QualityAxis): Mark | null {
  const cost = original.cost && x.of(original.cost);
  const quality = original.quality?.[y.field];
  return cost == null || quality == null ? null : { cost, quality };
}

/** From cheap to costly, those that are better than all that cost as little. */
export function frontOf<T extends Mark>(marks: readonly T[]): T[] {
  const front: T[] = [];
  for (const mark of marks.toSorted((a, b) => a.cost - b.cost || b.quality - a.quality)) {
    const best = front.at(-1);
    if (best === undefined || mark.quality > best.quality) front.push(mark);
    else if (mark.quality === best.quality && mark.cost === best.cost) front.push(mark);
  }
  return front;
}

/** Of a set of values the range to draw, with a margin; of one value a range around it. */
export function rangeOf(values: readonly number[], marginShare = 0.08): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low || Math.abs(high) * 0.25 || 1) * marginShare;
  return [low - margin, high + margin];
}

/** A budget in words: 30 % of parameters. */
export function budgetText({ of, remove, widthMultiple }: SweepPointResource["budget"]): string {
  const what = { parameters: "parameters", multiplyAdds: "multiply-adds", latency: "latency" }[of];
  const share = `${Number((remove * 100).toFixed(1))} % of ${what}`;
  return widthMultiple === undefined ? share : `${share}, widths of ${widthMultiple}`;
}

/** Of a budget and method, unique in a sweep. */
export function cellKey({ budget, method }: Pick<SweepSummaryRow, "budget" | "method">): string {
  return `${Object.values(budget).join(" ")} ${method}`;
}
