import { readFile } from "node:fs/promises";
import { decodeModel, encodeModel, type Model, type NetworkGraph, networkScale } from "@drc/network";
import type { KeptFile, LocalImage } from "../protocol.ts";
import { JobError, type RunnerContext } from "./runner.ts";

const CONTENT_TYPE = "application/octet-stream";

/** The network that the job works on. */
export async function loadModel({ task }: RunnerContext): Promise<Model> {
  if (task.inputs.model === undefined) throw new Error(`The ${task.kind} job came without its model.`);
  return readModel(task.inputs.model);
}

export async function readModel(path: string): Promise<Model> {
  return decodeModel(new Uint8Array(await readFile(path)));
}

export function keepModel(context: RunnerContext, role: "model" | "last-model", model: Model): Promise<KeptFile> {
  return context.keep(role, `${role}.safetensors`, encodeModel(model), CONTENT_TYPE);
}

/** The size of a model's file without its dual networks: what is deployed. */
export function primalFile({ primal }: Model): Uint8Array {
  return encodeModel({ primal, duals: [] });
}

/** The same for calibration, which takes versions of LR images alone: those fit every scale. */
export function checkCalibrationScale(graph: NetworkGraph, images: readonly LocalImage[]): void {
  for (const { hr, lrs } of images) if (hr !== undefined) checkScale(graph, lrs.length);
}

/** Refuses a dataset version that was made for another scale than the network's. */
export function checkScale(graph: NetworkGraph, lrCount: number): void {
  checkDatasetScale(graph, 2 ** lrCount);
}

/** The same by the version's scale, which one LR image alone does not tell. */
export function checkDatasetScale(graph: NetworkGraph, datasetScale: number): void {
  const scale = networkScale(graph);
  if (datasetScale !== scale) {
    const detail = `The network is one of scale ${scale}, the dataset version was made for scale ${datasetScale}.`;
    throw new JobError("VALIDATION_FAILED", detail, [{ pointer: "/dataset", detail }]);
  }
}
