import type { SweepSummaryResource, SweepSummaryRow } from "@drc/contracts";

type Value = string | number | boolean | null;

/** Columns that have a mean and a standard deviation. */
const SPREADS = [
  ["psnr_db", "psnr"],
  ["ssim", "ssim"],
  ["pruned_psnr_db", "prunedPsnr"],
  ["removed_share", "removedShare"],
  ["parameters", "parameters"],
  ["multiply_adds_lr_96x96", "multiplyAddsLr96x96"],
  ["multiply_adds_hr_1280x720", "multiplyAddsHr1280x720"],
  ["size_bytes", "sizeBytes"],
  ["latency_median_ms", "latencyMs"],
  ["latency_p90_ms", "latencyPercentile90Ms"],
] as const;

/** The rows as CSV (RFC 4180) with a header; what is not measured is empty. */
export function summaryCsv({ rows }: SweepSummaryResource): string {
  const records = rows.map(recordOf);
  const header = Object.keys(records[0]);
  const lines = [header, ...records.map((record) => header.map((column) => record[column]))];
  return lines.map((cells) => `${cells.map(cellOf).join(",")}\r\n`).join("");
}

function recordOf(row: SweepSummaryRow): Record<string, Value> {
  const spreads = SPREADS.flatMap(([column, field]): [string, Value][] => [
    [column, row[field].mean],
    [`${column}_sd`, row[field].standardDeviation],
  ]);
  return {
    budget_of: row.budget.of,
    budget_remove: row.budget.remove,
    budget_width_multiple: row.budget.widthMultiple ?? null,
    method: row.method,
    seeds: row.seeds,
    others: row.others,
    ...Object.fromEntries(spreads),
    training_steps: row.trainingSteps,
    to_baseline_db: row.toBaseline?.psnr ?? null,
    to_baseline_se: row.toBaseline?.standardError ?? null,
    to_baseline: row.toBaseline?.verdict ?? null,
    to_original_db: row.toOriginal?.psnr ?? null,
    to_original_se: row.toOriginal?.standardError ?? null,
    to_original: row.toOriginal?.verdict ?? null,
    pareto_parameters: row.pareto.parameters,
    pareto_multiply_adds: row.pareto.multiplyAdds,
    pareto_latency: row.pareto.latency,
    models: row.models.map(({ modelId }) => modelId).join(" "),
  };
}

function cellOf(value: Value): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
