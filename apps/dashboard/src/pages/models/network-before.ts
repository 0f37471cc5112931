import type { ModelCard, PruneResult, PruneSpec } from "@drc/contracts";
import { ProblemError } from "@drc/sdk";
import { client } from "../../api/client.ts";

/** The card of the network that this one was pruned from; null where it was not, or that is gone. */
export async function networkBefore({ lineage }: ModelCard, signal: AbortSignal): Promise<ModelCard | null> {
  const pruning = lineage.findLast(({ kind, jobId, known }) => kind === "prune" && known && jobId !== null);
  if (!pruning?.jobId) return null;
  try {
    const { spec } = await client.jobs.get(pruning.jobId, { signal });
    const { model } = spec as unknown as PruneSpec;
    if ("modelId" in model) return await client.models.card(model.modelId, { signal });
    const { result } = await client.jobs.get(model.fromJob, { signal });
    const made = result as unknown as Pick<PruneResult, "modelId"> | null;
    return made && (await client.models.card(made.modelId, { signal }));
  } catch (error) {
    // It may have been deleted since.
    if (error instanceof ProblemError && error.status === 404) return null;
    throw error;
  }
}
