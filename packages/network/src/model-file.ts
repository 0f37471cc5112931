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

/** Throws `NetworkError`: for a file that is none of ours, and for weights that do not fit the graph. */
export function decodeModel(bytes: Uint8Array): Model {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.format !== FORMAT || metadata.graph === undefined) {
    throw new NetworkError(
      "ARCHITECTURE_MISMATCH",
      "The file holds no network graph; import a file with PyTorch DRN names first (drc import IN OUT).",
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
  return { primal: network(graph, "net."), duals: dualGraphs.map((dual, i) => network(dual, `dual.${i}.`)) };
}

/** The float tensors whose names start with `prefix`, without it. */
export function weightsUnder(tensors: ReadonlyMap<string, SafeTensor>, prefix: string): WeightMap {
  const weights: WeightMap = new Map();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(prefix) && tensor.dtype === "F32") {
      weights.set(name.slice(prefix.length), { shape: tensor.shape, data: tensor.data });
    }
  }
  return weights;
}
