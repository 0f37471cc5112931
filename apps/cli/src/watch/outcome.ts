import type { BudgetCost, ChannelSearchResult, CompressionDetailResource, JobResource } from "@drc/contracts";
import { EXIT } from "../cli-error.ts";
import type { ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { evaluatedRows, evaluationsOf, formatCostNotes, formatRows, latencyOf, percent } from "./compression-table.ts";
import { endedStages } from "./follow.ts";

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
  const { jobs, stages, models } = compression;
  const evaluations = evaluationsOf(compression);
  const search = jobs.find(({ id }) => id === stages.search)?.result as unknown as ChannelSearchResult;
  const { asked, achieved } = search;
  const latency = latencyOf(evaluations.original);
  const compressed = models.compressed as string;
  return [
    formatRows("on the evaluation images", evaluatedRows(evaluations)),
    ...(latency ? [formatCostNotes(latency)] : []),
    `Removed: ${percent(achieved.removedShare)} of the ${COST_NAMES[asked.of]}; ${percent(asked.remove)} were asked for` +
      `${achieved.met ? "" : ", which is not met"}.\n` +
      `Compressed network: ${compressed}. Download it:\n` +
      `  ${commandHint(["download", compressed, "--output", "compressed.safetensors"], server)}`,
  ].join("\n\n");
}
