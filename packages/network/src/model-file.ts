/**
 * A model as one safetensors file: primal tensors under `net.`, dual ones under `dual.<i>.`, names and layout as in
 * PyTorch, and the graphs as JSON in the metadata, so that the file needs no configuration.
 */
import type { Model, Network, NetworkGraph, WeightMap } from "./graph.ts";
import { NetworkError } from "./network-error.ts";
import { readSafetensors, type SafeTensor, writeSafetensors } from "./safetensors.ts";
import { validateNetwork } from "./validate.ts";

const FORMAT = "drc-model/1";

export function encodeModel(model: Model, metadata: Record<string, string> = {}): Uint8Array {
  const tensors = new Map<string, SafeTensor>();
  const put = (prefix: string, weights: WeightMap) => {
    for (const [name, { shape, data }] of weights) tensors.set(prefix + name, { dtype: "F32", shape, data });
  };
  put("net.", model.primal.weights);
  model.duals.forEach((dual, i) => {
    put(`dual.${i}.`, dual.weights);
  });
  return writeSafetensors(tensors, {
    ...metadata,
    format: FORMAT,
    graph: JSON.stringify(model.primal.graph),
    duals: JSON.stringify(model.duals.map((dual) => dual.graph)),
  });
}

/**
 * Throws `NetworkError`: for a file that is none of ours, for weights that do not fit the graph, and for values that
 * are not finite.
 */
export function decodeModel(bytes: Uint8Array): Model {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.format !== FORMAT || metadata.graph === undefined) {
    throw new NetworkError(
      "ARCHITECTURE_MISMATCH",
      "The file holds no network graph; import a file with PyTorch names first (npx drc import IN OUT).",
    );
  }
  const parse = <T>(name: string, json: string): T => {
    try {
      return JSON.parse(json) as T;
    } catch {
      throw new NetworkError("GRAPH_INVALID", `The metadata's ${name} is not JSON.`);
    }
  };
  const graph = parse<NetworkGraph>("graph", metadata.graph);
  const dualGraphs = parse<NetworkGraph[]>("duals", metadata.duals ?? "[]");
  const network = (of: NetworkGraph, prefix: string): Network => {
    const found: Network = { graph: of, weights: weightsUnder(tensors, prefix) };
    validateNetwork(found);
    return found;
  };
  if (!Array.isArray(dualGraphs)) throw new NetworkError("GRAPH_INVALID", "The metadata's duals is not a list.");
  const prefixes = ["net.", ...dualGraphs.map((_, i) => `dual.${i}.`)];
  const stray = [...tensors.keys()].find((name) => !prefixes.some((prefix) => name.startsWith(prefix)));
  if (stray !== undefined) {
    throw new NetworkError("ARCHITECTURE_MISMATCH", `The tensor "${stray}" belongs to none of the file's networks.`);
  }
  return { primal: network(graph, "net."), duals: dualGraphs.map((dual, i) => network(dual, `dual.${i}.`)) };
}

/** The tensors whose names start with `prefix`, without it; they must be finite floats. */
export function weightsUnder(tensors: ReadonlyMap<string, SafeTensor>, prefix: string): WeightMap {
  const weights: WeightMap = new Map();
  for (const [name, tensor] of tensors) {
    if (!name.startsWith(prefix)) continue;
    if (tensor.dtype !== "F32") {
      throw new NetworkError("SAFETENSORS_INVALID", `The tensor "${name}" is ${tensor.dtype}; weights are floats.`);
    }
    const at = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      throw new NetworkError("SAFETENSORS_INVALID", `Value ${at} of the tensor "${name}" is ${tensor.data[at]}.`);
    }
    weights.set(name.slice(prefix.length), { shape: tensor.shape, data: tensor.data });
  }
  return weights;
}
