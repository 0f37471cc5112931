import type { PairedDifference, Spread, SweepSummaryResource, SweepSummaryRow } from "@drc/contracts";
import { groupDigits, withPrefix } from "../terminal/numbers.ts";
import { formatTable } from "../terminal/table.ts";
import { percent } from "./compression-table.ts";
import { COST_NAMES, widthsOf } from "./sweep-view.ts";

const right = "right" as const;

/** What a sweep has found, for people. */
export function formatSummary(summary: SweepSummaryResource): string {
  const { rows, original, bicubic, baseline } = summary;
  const table = formatTable(
    [
      { title: "removed" },
      { title: "method" },
      { title: "seeds", align: right },
      { title: "PSNR, dB", align: right },
      { title: "before", align: right },
      { title: `to ${baseline}`, align: right },
      { title: "parameters", align: right },
      { title: "multiply-adds", align: right },
      { title: "latency", align: right },
      { title: "best" },
    ],
    [
      ...(bicubic ? [reference("bicubic", bicubic.psnr)] : []),
      ...(original
        ? [
            reference(
              "original",
              original.quality.psnr,
              groupDigits(original.cost.parameters),
              withPrefix(original.cost.multiplyAddsHr1280x720),
              original.cost.latency ? milliseconds(original.cost.latency.medianMs) : "",
            ),
          ]
        : []),
      ...rows.map(rowOf),
    ],
  );
  const latency = original?.cost.latency;
  const best = rows.filter(({ pareto }) => Object.values(pareto).includes(true)).flatMap(({ models }) => models);
  return [
    table,
    `PSNR on the evaluation images: the mean over the seeds ± its standard deviation; before: of the pruned network.`,
    `to ${baseline}: paired over the images; = is a tie (under 0.02 dB), ? is within twice its standard error. Multiply-adds at 1280×720.` +
      (latency
        ? ` Latency at ${latency.lrWidth}×${latency.lrHeight} on ${latency.device}, ${latency.threads} threads.`
        : ""),
    "best: no other row costs as little and is as good, by parameters (p), multiply-adds (m) or latency (l).",
    ...(best.length === 0
      ? []
      : ["", "Models of the best rows:", ...best.map(({ modelId, name }) => `${modelId}  ${name}`)]),
  ].join("\n");
}

function reference(name: string, psnr: number | null, ...costs: string[]): string[] {
  const [parameters = "", multiplyAdds = "", latency = ""] = costs;
  return ["", name, "", decibels(psnr), "", "", parameters, multiplyAdds, latency, ""];
}

function rowOf(row: SweepSummaryRow): string[] {
  const { budget, removedShare, pareto } = row;
  const asked = `${percent(budget.remove)} of the ${COST_NAMES[budget.of]}${widthsOf(budget)}`;
  const marks = { p: pareto.parameters, m: pareto.multiplyAdds, l: pareto.latency };
  return [
    removedShare.mean === null ? asked : `${percent(removedShare.mean)} (${asked})`,
    row.method,
    row.others > 0 ? `${row.seeds} of ${row.seeds + row.others}` : String(row.seeds),
    spread(row.psnr),
    row.prunedPsnr.mean === null ? "" : row.prunedPsnr.mean.toFixed(2),
    difference(row.toBaseline),
    row.parameters.mean === null ? "" : groupDigits(row.parameters.mean),
    row.multiplyAddsHr1280x720.mean === null ? "" : withPrefix(row.multiplyAddsHr1280x720.mean),
    row.latencyMs.mean === null ? "" : milliseconds(row.latencyMs.mean),
    Object.entries(marks)
      .flatMap(([mark, best]) => (best ? [mark] : []))
      .join(""),
  ];
}

function spread({ mean, standardDeviation }: Spread): string {
  if (mean === null) return "–";
  return standardDeviation === null ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${standardDeviation.toFixed(3)}`;
}

function difference(found: PairedDifference | null): string {
  if (!found) return "";
  const sign = found.psnr < 0 ? "−" : "+";
  if (found.verdict === "tie") return "=";
  return `${sign}${Math.abs(found.psnr).toFixed(2)}${found.verdict === "unclear" ? "?" : ""}`;
}

function decibels(psnr: number | null): string {
  return psnr === null ? "infinite" : psnr.toFixed(2);
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
