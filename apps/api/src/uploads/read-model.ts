import { ApiError } from "@drc/contracts";
import {
  decodeModel,
  importPytorch,
  type Model,
  networkGraph,
  preset,
  readSafetensors,
  validateNetwork,
} from "@drc/network";

/** What the sender says the file is. */
export interface ExpectedNetwork {
  preset?: string;
  scale?: number;
}

/**
 * Reads a safetensors file: one of ours, with its graph, or one with the PyTorch names of a known architecture.
 * @throws NetworkError where the file is damaged or is not the network that is expected.
 */
export function readModel(bytes: Uint8Array, expected: ExpectedNetwork): Model {
  const { metadata } = readSafetensors(bytes);
  const model = metadata.graph === undefined ? importPytorch(bytes) : decodeModel(bytes);
  const scale = model.primal.graph.outputs.at(-1)?.scale;
  if (expected.scale !== undefined && expected.scale !== scale) {
    throw new ApiError("ARCHITECTURE_MISMATCH", `The network is ×${scale}, not ×${expected.scale}.`, [
      { pointer: "/scale", detail: `The file holds a network for ×${scale}.`, code: "ARCHITECTURE_MISMATCH" },
    ]);
  }
  if (expected.preset !== undefined) {
    const graph = networkGraph(preset(expected.preset, expected.scale ?? Number(scale)));
    // Names the first layer that differs.
    validateNetwork({ graph, weights: model.primal.weights });
  }
  return model;
}
