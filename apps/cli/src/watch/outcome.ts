import type {
  BudgetCost,
  ChannelSearchResult,
  CompressionDetailResource,
  FineTuneResult,
  JobResource,
} from "@drc/contracts";
import { EXIT } from "../cli-error.ts";
import type { ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { groupDigits, withPrefix } from "../terminal/numbers.ts";
import { belowBicubicNote } from "./below-bicubic.ts";
import {
  evaluatedRows,
  evaluationsOf,
  formatCostNotes,
  formatRows,
  latenciesOf,
  percent,
} from "./compression-table.ts";
import { endedStages } from "./follow.ts";
import { comparesWithOriginal } from "./validation.ts";

/** The exit code for the state in which a job or compression ended. */
export function exitCodeOf(state: string): number {
  if (state === "succeeded") return 0;
  return state === "cancelled" ? EXIT.cancelled : EXIT.failed;
}

/** What a person wants to know of a job or compression that has ended; its last line names the state. */
export function formatOutcome(ended: JobResource | CompressionDetailResource, server: ServerOptions): string {
  const last = `${ended.id} ${ended.state}.`;
  if (!("models" in ended)) return last;
  if (ended.state !== "succeeded") return `${formatEndedStages(ended, server)}\n${last}`;
  return `\n${formatCompression(ended, server)}\n\n${last}`;
}

function formatEndedStages(compression: CompressionDetailResource, server: ServerOptions): string {
  const named = endedStages(compression).map(
    ({ label, job }) => `The stage "${label}" ${job.state === "failed" ? "failed" : "was cancelled"}.`,
  );
  const retry = commandHint(["retry", compression.id], server);
  return `${named.join(" ")} What has succeeded is kept; to run the rest again: ${retry}`;
}

const COST_NAMES: Record<BudgetCost, string> = {
  parameters: "parameters",
  multiplyAdds: "multiply-adds",
  latency: "latency",
};

/** Sizes, costs and quality before and after, and how to get the compressed network. */
function formatCompression(compression: CompressionDetailResource, server: ServerOptions): string {
  const { stages, models } = compression;
  const { asked, achieved } = searchOf(compression);
  const compressed = models.compressed as string;
  return [
    ...(stages.evaluateCompressed === undefined ? formatUnevaluated(compression) : formatEvaluated(compression)),
    `Removed: ${percent(achieved.removedShare)} of the ${COST_NAMES[asked.of]}; ${percent(asked.remove)} were asked for` +
      `${achieved.met ? "" : ", which is not met"}.\n` +
      `Compressed network: ${compressed}. Download it:\n` +
      `  ${commandHint(["download", compressed, "--output", "compressed.safetensors"], server)}`,
  ].join("\n\n");
}

function formatEvaluated(compression: CompressionDetailResource): string[] {
  const evaluations = evaluationsOf(compression);
  const { original: latency } = latenciesOf(evaluations);
  return [
    formatRows("on the evaluation images", evaluatedRows(evaluations)),
    ...(latency ? [formatCostNotes(latency)] : []),
    ...belowBicubicNote(
      evaluations.bicubic.mean.psnr,
      [evaluations.original.mean.psnr, evaluations.compressed.mean.psnr],
      compression.stages.train !== undefined,
    ),
  ];
}

/** What is known without an evaluation, and what is not. */
function formatUnevaluated(compression: CompressionDetailResource): string[] {
  const { jobs, stages } = compression;
  const { original, achieved } = searchOf(compression);
  const fineTune = jobs.find(({ id }) => id === stages.fineTune) as JobResource;
  const best = (fineTune.result as FineTuneResult | null)?.best;
  const measured = comparesWithOriginal(fineTune)
    ? "PSNR to the original network's outputs, on what was held out of the fine-tuning"
    : "PSNR on what was held out of the fine-tuning";
  return [
    `parameters                  ${groupDigits(original.parameters)} → ${groupDigits(achieved.parameters)}\n` +
      `multiply-adds, 96×96 LR     ${withPrefix(original.multiplyAdds)} → ${withPrefix(achieved.multiplyAdds)}`,
    ...(best ? [`${measured}: ${best.psnr === null ? "infinite" : `${best.psnr.toFixed(2)} dB`}`] : []),
    "PSNR to HR images, of the original and of the compressed network, was not measured: no evaluation was asked for.\n" +
      "Where there are HR images, drc submit --evaluation measures it, or drc evaluate on the downloaded file.",
  ];
}

function searchOf({ jobs, stages }: CompressionDetailResource): ChannelSearchResult {
  return jobs.find(({ id }) => id === stages.search)?.result as unknown as ChannelSearchResult;
}
