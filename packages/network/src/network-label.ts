import { configurationOf, networkGraph } from "./architectures/registry.ts";
import { costAtPublishedSizes } from "./cost.ts";
import type { NetworkGraph } from "./graph.ts";

/**
 * A network's name for people: its architecture and, where channels were removed, the share of the architecture's
 * parameters that is left, as "drn scale=4 blocks=4 features=8, 49 % of the parameters".
 */
export function networkLabel(graph: NetworkGraph): string {
  const configuration = configurationOf(graph.architecture);
  if (!configuration) return graph.architecture;
  const whole = networkGraph(configuration);
  if (whole.architecture !== graph.architecture) return graph.architecture;
  const share = costAtPublishedSizes(graph).parameters / costAtPublishedSizes(whole).parameters;
  return share === 1 ? graph.architecture : `${graph.architecture}, ${Math.round(100 * share)} % of the parameters`;
}
