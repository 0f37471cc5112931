import { costAtPublishedSizes } from "./cost.ts";
import { type DrnConfiguration, drnGraph } from "./drn.ts";
import type { NetworkGraph } from "./graph.ts";

/**
 * A network's name for people: its architecture and, where channels were removed, the share of the architecture's
 * parameters that is left, as "drn scale=4 blocks=4 features=8, 49 % of the parameters".
 */
export function networkLabel(graph: NetworkGraph): string {
  const configuration = configurationOf(graph.architecture);
  if (!configuration) return graph.architecture;
  const share = costAtPublishedSizes(graph).parameters / costAtPublishedSizes(drnGraph(configuration)).parameters;
  return share === 1 ? graph.architecture : `${graph.architecture}, ${Math.round(100 * share)} % of the parameters`;
}

/** As `drnGraph` writes it; undefined for another architecture. */
function configurationOf(architecture: string): DrnConfiguration | undefined {
  const found = /^drn scale=([248]) blocks=(\d+) features=(\d+)$/.exec(architecture);
  if (!found) return undefined;
  const [scale, blocks, features] = found.slice(1).map(Number);
  return { scale: scale as DrnConfiguration["scale"], blocks, features };
}
