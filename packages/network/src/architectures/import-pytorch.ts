import { dualGraphs } from "../dual-network.ts";
import { type Model, type Network, type NetworkGraph, networkScale, scaleLevel, type WeightMap } from "../graph.ts";
import { weightsUnder } from "../model-file.ts";
import { NetworkError } from "../network-error.ts";
import { readSafetensors } from "../safetensors.ts";
import { validateNetwork } from "../validate.ts";
import { DUAL_FEATURES, type ReadSettings } from "./architecture.ts";
import { readStateDict } from "./registry.ts";

/**
 * A state dict with PyTorch's names in a safetensors file, as a model: DRN, EDSR, RCAN or RFDN, recognised by its
 * tensors. The names may stand as they are or under `net.`, with the dual networks' under `dual.<i>.`; without those the
 * model has no dual networks. The configuration is read from the shapes. Beside `net.` and `dual.` a file may hold other
 * things, such as a training state; they are left out.
 *
 * Throws `ARCHITECTURE_MISMATCH` with the first difference for anything that is no whole network.
 */
export function importPytorch(bytes: Uint8Array, settings: ReadSettings = {}): Model {
  const { tensors } = readSafetensors(bytes);
  const names = [...tensors.keys()];
  const prefixed = names.some((name) => name.startsWith("net."));
  const { graph, weights } = readStateDict(weightsUnder(tensors, prefixed ? "net." : ""), settings);
  const primal = checked(graph, weights);
  const scale = networkScale(graph);
  const dualCount = scaleLevel(scale);
  const hasDuals = names.some((name) => name.startsWith("dual."));
  const extra = names.find((name) => Number(/^dual\.(\d+)\./.exec(name)?.[1] ?? 0) >= dualCount);
  if (extra !== undefined) {
    throw new NetworkError(
      "ARCHITECTURE_MISMATCH",
      `The tensor "${extra}" is of a dual network that scale ${scale} does not have.`,
    );
  }
  const duals = Array.from({ length: hasDuals ? dualCount : 0 }, (_, i) => {
    const own = weightsUnder(tensors, `dual.${i}.`);
    const features = own.get("dual_module.0.0.weight")?.shape[0] ?? DUAL_FEATURES;
    return checked(dualGraphs(scale, features)[i], own);
  });
  return { primal, duals };
}

function checked(graph: NetworkGraph, weights: WeightMap): Network {
  const network = { graph, weights };
  validateNetwork(network);
  return network;
}
