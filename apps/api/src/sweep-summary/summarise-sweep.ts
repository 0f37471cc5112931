import type {
  CreateSweepBody,
  SweepDetailResource,
  SweepPointResource,
  SweepSummaryResource,
  SweepSummaryRow,
} from "@drc/contracts";
import { type ImagePsnr, pairedDifference, paretoFront, spreadOf } from "./statistics.ts";

/** PSNR of each image, by the evaluation's job. */
export type EvaluatedImages = ReadonlyMap<string, ImagePsnr>;

/** Names of the models that are there, by their identifiers. */
export type ModelNames = ReadonlyMap<string, string>;

interface Cell {
  budget: SweepPointResource["budget"];
  method: string;
  /** All seeds, and those that succeeded. */
  points: SweepPointResource[];
  succeeded: SweepPointResource[];
  images: ImagePsnr[];
}

/** What a sweep says about its methods: a row for each budget and method, over the seeds that succeeded so far. */
export function summariseSweep(
  sweep: SweepDetailResource,
  images: EvaluatedImages,
  names: ModelNames,
  protocol: SweepSummaryResource["protocol"],
): SweepSummaryResource {
  const baseline = baselineOf(sweep.body as unknown as CreateSweepBody);
  const cells = cellsOf(sweep, images);
  const rows = cells.map((cell) => ({
    ...rowOf(cell, baseline, cells, originalImages(sweep, images)),
    models: modelsOf(cell, names),
  }));
  const fronts = {
    parameters: frontBy(rows, (row) => row.parameters.mean),
    multiplyAdds: frontBy(rows, (row) => row.multiplyAddsLr96x96.mean),
    latency: frontBy(rows, (row) => row.latencyMs.mean),
  };
  const { cost, quality } = sweep.original;
  return {
    sweepId: sweep.id,
    state: sweep.state,
    baseline,
    original: cost && quality ? { cost, quality } : null,
    bicubic: sweep.bicubic,
    protocol,
    rows: rows.map((row, i) => ({
      ...row,
      pareto: {
        parameters: fronts.parameters[i],
        multiplyAdds: fronts.multiplyAdds[i],
        latency: fronts.latency[i],
      },
    })),
  };
}

export function baselineOf({ baseline, grid }: Pick<CreateSweepBody, "baseline" | "grid">): string {
  return baseline ?? grid.methods[0].name;
}

/** In the order of the points. */
function cellsOf({ points }: SweepDetailResource, images: EvaluatedImages): Cell[] {
  const cells = new Map<string, Cell>();
  for (const point of points) {
    const { budget, method } = point;
    const key = `${budgetKey(budget)} ${method}`;
    const cell = cells.get(key) ?? { budget, method, points: [], succeeded: [], images: [] };
    cells.set(key, cell);
    cell.points.push(point);
    if (point.state !== "succeeded") continue;
    cell.succeeded.push(point);
    const measured = images.get(point.stages.evaluateCompressed);
    if (measured) cell.images.push(measured);
  }
  return [...cells.values()];
}

function budgetKey({ of, remove, widthMultiple }: Cell["budget"]): string {
  return `${of} ${remove} ${widthMultiple ?? ""}`;
}

function originalImages({ points }: SweepDetailResource, images: EvaluatedImages): ImagePsnr[] {
  const measured = images.get(points[0].stages.evaluateOriginal);
  return measured ? [measured] : [];
}

function modelsOf({ succeeded }: Cell, names: ModelNames): SweepSummaryRow["models"] {
  return succeeded.flatMap(({ seed, modelId }) => {
    const name = names.get(modelId ?? "");
    return modelId === null || name === undefined ? [] : [{ seed, modelId, name }];
  });
}

function rowOf(
  { budget, method, points, succeeded, images }: Cell,
  baseline: string,
  cells: readonly Cell[],
  original: readonly ImagePsnr[],
): Omit<SweepSummaryRow, "pareto" | "models"> {
  const over = (value: (point: SweepPointResource) => number | null | undefined) => spreadOf(succeeded.map(value));
  const beside =
    method === baseline
      ? undefined
      : cells.find((cell) => cell.method === baseline && budgetKey(cell.budget) === budgetKey(budget));
  return {
    budget,
    method,
    seeds: succeeded.length,
    others: points.length - succeeded.length,
    psnr: over(({ quality }) => quality.compressed?.psnr),
    ssim: over(({ quality }) => quality.compressed?.ssim),
    prunedPsnr: over(({ quality }) => quality.pruned?.psnr),
    removedShare: over(({ removed }) => removed?.achieved),
    parameters: over(({ cost }) => cost?.parameters),
    multiplyAddsLr96x96: over(({ cost }) => cost?.multiplyAddsLr96x96),
    multiplyAddsHr1280x720: over(({ cost }) => cost?.multiplyAddsHr1280x720),
    sizeBytes: over(({ cost }) => cost?.sizeBytes),
    latencyMs: over(({ cost }) => cost?.latency?.medianMs),
    latencyPercentile90Ms: over(({ cost }) => cost?.latency?.percentile90Ms),
    trainingSteps: points[0].trainingSteps,
    toBaseline: beside ? pairedDifference(images, beside.images) : null,
    toOriginal: pairedDifference(images, original),
  };
}

function frontBy(
  rows: readonly Omit<SweepSummaryRow, "pareto">[],
  costOf: (row: Omit<SweepSummaryRow, "pareto">) => number | null,
): boolean[] {
  return paretoFront(rows.map((row) => ({ cost: costOf(row), quality: row.psnr.mean })));
}
