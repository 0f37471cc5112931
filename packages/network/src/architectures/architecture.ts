import type { NetworkGraph, WeightMap } from "../graph.ts";

/** A family of networks: `docs/architectures.md` says how to add one. */
export interface Architecture<Configuration extends { scale: number }> {
  name: string;
  /** Configurations by name and scale. */
  presets: Readonly<Record<string, Partial<Record<number, Omit<Configuration, "scale">>>>>;
  graph(configuration: Configuration): NetworkGraph;
  /** The tensors by which a state dict is recognised, for messages. */
  tensors: string;
  /** Whether a state dict with PyTorch's names is one of this family, as far as can be told from a few of its names. */
  recognises(weights: WeightMap): boolean;
  /**
   * The configuration of such a state dict, and its tensors under the names of the graph.
   * @throws NetworkError `ARCHITECTURE_MISMATCH` where the tensors do not tell it.
   */
  read(weights: WeightMap, settings: ReadSettings): { configuration: Configuration; weights: WeightMap };
  /** Features of each dual network that a new model gets. */
  dualFeatures(configuration: Configuration): number;
}

/** What a state dict does not hold. */
export interface ReadSettings {
  /** The factor of EDSR's residual branches. */
  residualScale?: number;
}

/** Features of the dual networks of architectures that say nothing of them: as many as those of drn-s ×4 have. */
export const DUAL_FEATURES = 16;

/** A graph's `architecture`, from which `configurationOf` in registry.ts reads the numbers back. */
export function architectureLabel(name: string, numbers: Readonly<Record<string, number>>): string {
  return [name, ...Object.entries(numbers).map(([key, value]) => `${key}=${value}`)].join(" ");
}
