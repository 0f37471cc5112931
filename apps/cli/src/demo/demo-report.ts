import type { CompressionDetailResource, Latency } from "@drc/contracts";
import { formatTable } from "../terminal/table.ts";
import {
  type EvaluatedRow,
  evaluatedRows,
  evaluationsOf,
  formatCostNotes,
  formatRows,
  latenciesOf,
  orDash,
  percent,
} from "../watch/compression-table.ts";

export interface DemoReport {
  /** On the photographs kept out of the training. */
  rows: EvaluatedRow[];
  photographs: { name: string; psnr: Record<EvaluatedRow["name"], number | null> }[];
  /** What a demo has to show and does not; empty when all is well. */
  shortcomings: string[];
  /** How the original network's was measured; the compressed one's alike. */
  latency: Latency;
}

/** Reads the three evaluations of a compression that has succeeded. */
export function demoReport(compression: CompressionDetailResource): DemoReport {
  const evaluations = evaluationsOf(compression);
  const rows = evaluatedRows(evaluations);
  const photographs = evaluations.original.images.map(({ name }) => {
    const psnrOf = (row: EvaluatedRow["name"]) =>
      evaluations[row].images.find((image) => image.name === name)?.psnr ?? null;
    return {
      name,
      psnr: { bicubic: psnrOf("bicubic"), original: psnrOf("original"), compressed: psnrOf("compressed") },
    };
  });
  const { original } = latenciesOf(evaluations);
  return { rows, photographs, shortcomings: findShortcomings(rows), latency: original as Latency };
}

function findShortcomings([bicubic, original, compressed]: readonly EvaluatedRow[]): string[] {
  const found: string[] = [];
  for (const network of [original, compressed]) {
    if ((network.psnr ?? Infinity) <= (bicubic.psnr ?? Infinity)) {
      found.push(`The ${network.name} network does not beat bicubic interpolation in PSNR.`);
    }
  }
  const kept = (compressed.parameters as number) / (original.parameters as number);
  if (kept > 0.5) {
    found.push(`The compressed network has ${percent(kept)} of the parameters, more than the half that was asked for.`);
  }
  if ((compressed.medianLatencyMs as number) >= (original.medianLatencyMs as number)) {
    found.push("The compressed network is not faster than the original on this machine, in this run.");
  }
  return found;
}

/** The report as text. */
export function formatReport({ rows, photographs, shortcomings, latency }: DemoReport): string {
  const right = "right" as const;
  const table = formatRows("×4 on held-out photographs", rows);
  const perPhotograph = formatTable(
    [{ title: "PSNR of each, dB" }, ...rows.map(({ name }) => ({ title: name, align: right }))],
    photographs.map(({ name, psnr }) => [
      name,
      ...rows.map((row) => orDash(psnr[row.name], (value) => value.toFixed(2))),
    ]),
  );
  return [table, perPhotograph, formatCostNotes(latency), formatVerdict(rows, shortcomings)].join("\n\n");
}

function formatVerdict(
  [bicubic, original, compressed]: readonly EvaluatedRow[],
  shortcomings: readonly string[],
): string {
  if (shortcomings.length > 0) return shortcomings.join("\n");
  const kept = (compressed.parameters as number) / (original.parameters as number);
  const faster = (original.medianLatencyMs as number) / (compressed.medianLatencyMs as number);
  const fewer = (original.multiplyAdds as number) / (compressed.multiplyAdds as number);
  const gain = (row: EvaluatedRow) => (row.psnr as number) - (bicubic.psnr as number);
  return (
    `The compressed network has ${percent(1 - kept)} fewer parameters and needs ${fewer.toFixed(2)} times fewer multiply-adds; ` +
    `one pass, each timed by itself, was ${faster.toFixed(2)} times as fast. ` +
    `Over bicubic interpolation it gains ${gain(compressed).toFixed(2)} dB; the original gains ${gain(original).toFixed(2)} dB.`
  );
}
