import { type DrnConfiguration, drnGraph, dualGraph } from "./drn.ts";
import type { Model, Network, NetworkGraph, WeightMap } from "./graph.ts";
import { weightsUnder } from "./model-file.ts";
import { NetworkError } from "./network-error.ts";
import { readSafetensors } from "./safetensors.ts";
import { validateNetwork } from "./validate.ts";

/**
 * A DRN state dict in a safetensors file, as a model. The names may stand as they are or under `net.`, with the dual
 * networks' under `dual.<i>.`; without those the model has no dual networks. Scale, B and F are read from the shapes.
 * Beside `net.` and `dual.` a file may hold other things, such as a training state; they are left out.
 *
 * Throws `ARCHITECTURE_MISMATCH` with the first difference for anything that is no whole DRN.
 */
export function importPytorchDrn(bytes: Uint8Array): Model {
  const { tensors } = readSafetensors(bytes);
  const names = [...tensors.keys()];
  const prefixed = names.some((name) => name.startsWith("net."));
  const primal = weightsUnder(tensors, prefixed ? "net." : "");
  const configuration = configurationOf(primal);
  const dualCount = Math.log2(configuration.scale);
  const hasDuals = names.some((name) => name.startsWith("dual."));
  const extra = names.find((name) => Number(/^dual\.(\d+)\./.exec(name)?.[1] ?? 0) >= dualCount);
  if (extra !== undefined) {
    throw new NetworkError(
      "ARCHITECTURE_MISMATCH",
      `The tensor "${extra}" is of a dual network that scale ${configuration.scale} does not have.`,
    );
  }
  return {
    primal: checked(drnGraph(configuration), primal),
    duals: Array.from({ length: hasDuals ? dualCount : 0 }, (_, i) =>
      checked(dualGraph(configuration.features), weightsUnder(tensors, `dual.${i}.`)),
    ),
  };
}

function checked(graph: NetworkGraph, weights: WeightMap): Network {
  const network = { graph, weights };
  validateNetwork(network);
  return network;
}

function configurationOf(weights: WeightMap): DrnConfiguration {
  const head = weights.get("head.weight");
  const phases = new Set<string>();
  const blocks = new Set<string>();
  for (const name of weights.keys()) {
    const down = /^down\.(\d+)\./.exec(name);
    if (down) phases.add(down[1]);
    const block = /^up_blocks\.0\.(\d+)\.body\.0\.weight$/.exec(name);
    if (block) blocks.add(block[1]);
  }
  if (head?.shape.length !== 4 || phases.size < 1 || phases.size > 3 || blocks.size < 1) {
    throw new NetworkError(
      "ARCHITECTURE_MISMATCH",
      'The file is no DRN state dict: it needs "head.weight", 1 to 3 "down.<p>" and at least one "up_blocks.0.<b>.body.0.weight".',
    );
  }
  return { scale: (2 ** phases.size) as DrnConfiguration["scale"], blocks: blocks.size, features: head.shape[0] };
}
