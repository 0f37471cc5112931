import type { NetworkGraph, WeightMap } from "../graph.ts";
import { NetworkError } from "../network-error.ts";
import type { Architecture, ReadSettings } from "./architecture.ts";
import { type DrnConfiguration, drn } from "./drn.ts";
import { type EdsrConfiguration, edsr } from "./edsr.ts";
import { type RcanConfiguration, rcan } from "./rcan.ts";
import { type RfdnConfiguration, rfdn } from "./rfdn.ts";

/** What a network is made from. Without `architecture` it is a DRN. */
export type NetworkConfiguration =
  | ({ architecture?: "drn" } & DrnConfiguration)
  | ({ architecture: "edsr" } & EdsrConfiguration)
  | ({ architecture: "rcan" } & RcanConfiguration)
  | ({ architecture: "rfdn" } & RfdnConfiguration);

type AnyArchitecture = Architecture<{ scale: number }>;

// Each is only ever given configurations of its own name.
const ARCHITECTURES = [drn, edsr, rcan, rfdn] as unknown as readonly AnyArchitecture[];

function architectureOf({ architecture = "drn" }: NetworkConfiguration): AnyArchitecture {
  return ARCHITECTURES.find(({ name }) => name === architecture) as AnyArchitecture;
}

/** The graph of a configuration. */
export function networkGraph(configuration: NetworkConfiguration): NetworkGraph {
  return architectureOf(configuration).graph(configuration);
}

/** Features of each dual network that a new model of this configuration gets. */
export function dualFeatures(configuration: NetworkConfiguration): number {
  return architectureOf(configuration).dualFeatures(configuration);
}

/** The names of all presets. */
export const PRESETS: readonly string[] = ARCHITECTURES.flatMap(({ presets }) => Object.keys(presets));

/** The configuration of a preset at a scale; throws `PRESET_UNKNOWN` with what there is. */
export function preset(name: string, scale: number): NetworkConfiguration {
  const architecture = ARCHITECTURES.find(({ presets }) => Object.hasOwn(presets, name));
  if (!architecture) {
    throw new NetworkError("PRESET_UNKNOWN", `preset: "${name}" is unknown; there are ${PRESETS.join(", ")}.`);
  }
  const sizes = architecture.presets[name];
  const size = sizes[scale];
  if (!size) {
    const scales = Object.keys(sizes).join(", ");
    throw new NetworkError("PRESET_UNKNOWN", `scale: ${name} has no size for ×${scale}; it has ${scales}.`);
  }
  return { architecture: architecture.name, scale, ...size } as NetworkConfiguration;
}

/** The configuration that a graph's `architecture` tells of; undefined for one that is not known here. */
export function configurationOf(label: string): NetworkConfiguration | undefined {
  const [name, ...pairs] = label.split(" ");
  if (!ARCHITECTURES.some((architecture) => architecture.name === name)) return undefined;
  const numbers = pairs.map((pair) => /^(\w+)=(\d{1,4}(?:\.\d{1,4})?)$/.exec(pair));
  if (!numbers.every((found) => found !== null)) return undefined;
  const entries = numbers.map(([, key, value]) => [key, Number(value)] as const);
  return { architecture: name, ...Object.fromEntries(entries) } as NetworkConfiguration;
}

/**
 * The network of a state dict with PyTorch's names, recognised by its tensors. It is not validated yet.
 * @throws NetworkError `ARCHITECTURE_MISMATCH` where no architecture has such tensors.
 */
export function readStateDict(given: WeightMap, settings: ReadSettings): { graph: NetworkGraph; weights: WeightMap } {
  const architecture = ARCHITECTURES.find(({ recognises }) => recognises(given));
  if (!architecture) {
    const known = ARCHITECTURES.map(({ name, tensors }) => `${name.toUpperCase()} needs ${tensors}`).join("; ");
    throw new NetworkError("ARCHITECTURE_MISMATCH", `The file is the state dict of no known architecture: ${known}.`);
  }
  const { configuration, weights } = architecture.read(given, settings);
  return { graph: architecture.graph(configuration), weights };
}
