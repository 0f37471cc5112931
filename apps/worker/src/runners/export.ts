import { exportSpec } from "@drc/contracts";
import { loadModel, primalFile } from "../job/models.ts";
import type { RunnerContext, RunnerOutcome } from "../job/runner.ts";

/** One file with the graph and the primal weights, to deploy. */
export async function runExport(context: RunnerContext): Promise<RunnerOutcome> {
  const { format } = exportSpec.parse(context.task.spec);
  const bytes = primalFile(await loadModel(context));
  const file = await context.keep("artifact", "network.safetensors", bytes, "application/octet-stream");
  return { result: { format, artifact: file.name, sizeBytes: file.sizeBytes }, files: [file] };
}
