/**
 * A network cut at its global means, so that an image of any size goes through in tiles and comes out as if whole.
 *
 * A global mean (channel attention) is known only when the whole image has passed the layers before it. So inference
 * runs in stages: each goes over all tiles and ends with the means that the next one needs. What later stages read is
 * kept for the whole image, or computed again from the image where that is cheap.
 */
import { countCost } from "./cost.ts";
import { type GraphNode, INPUT, type NetworkGraph } from "./graph.ts";
import { type NodeGeometry, nodeGeometry } from "./node-geometry.ts";
import { neededNodes, receptiveField } from "./receptive-field.ts";

export interface InferenceStage {
  /** What it starts from, at every position of the image: the input, and values that earlier stages have made. */
  reads: string[];
  /** What it makes, at every position, for later stages; in the last stage the network's last output. */
  makes: string[];
  /** Global means that are known after it, and the nodes that they are of. */
  means: { node: string; of: string }[];
  /** Values that no later stage reads. */
  frees: string[];
  /** Pixels of the network's input that a tile sees beyond its own part; Infinity where only the whole image will do. */
  radius: number;
  /** Bytes at the peak of the stage, per pixel of the network's input in a tile with its surroundings. */
  tileBytesPerPixel: number;
  /** Bytes of what is kept before, or after it, whichever is more, per pixel of the image. */
  keptBytesPerPixel: number;
  /** Bytes that are there twice, as what it frees and as what it makes, per pixel of the tiles where it works. */
  replacedBytesPerPixel: number;
}

export interface InferencePlan {
  stages: InferenceStage[];
  /** The same in one go, for an image that is no larger than a tile. */
  whole: InferenceStage;
  /** Tiles begin at multiples of this many pixels of the network's input. */
  alignment: number;
}

/** Share of the network's multiply-adds that computing a value again may cost, in all stages that read it. */
const CHEAP_SHARE = 0.02;
const FLOAT_BYTES = 4;

/** The stages that lead to the network's last output. */
export function inferencePlan(graph: NetworkGraph): InferencePlan {
  const target = graph.outputs[graph.outputs.length - 1].node;
  const nodes = nodesFor(graph, [target]);
  const geometry = nodeGeometry(graph);
  const stageOf = stageOfEachNode(nodes, geometry);
  const at = (name: string) => stageOf.get(name) as number;
  const kept = keptValues(graph, nodes, stageOf, geometry);
  const means = nodes
    .filter((node) => isMeanOfImage(node, geometry))
    .map((node) => ({ node: node.name, of: node.inputs[0] }));

  const plans = Array.from({ length: at(target) + 1 }, (_, index) => {
    const makes = index === at(target) ? [target] : kept.filter((name) => at(name) === index);
    const ends = means.filter(({ node }) => at(node) === index + 1);
    const targets = [...new Set([...makes, ...ends.map(({ of }) => of)])];
    const values = [INPUT, ...kept.filter((name) => at(name) < index)];
    const given = new Set([...values, ...means.map(({ node }) => node).filter((name) => at(name) <= index)]);
    const needed = neededNodes(graph, targets, given);
    return { makes, means: ends, targets, given, reads: values.filter((name) => needed.has(name)) };
  });

  const bytesOf = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + bytesPerPixel(geometry.get(name) as NodeGeometry), 0);
  let alive: string[] = [];
  const stages = plans.map((plan, index): InferenceStage => {
    const { targets, given, ...stage } = plan;
    const isReadLater = (name: string) => plans.slice(index + 1).some(({ reads }) => reads.includes(name));
    const frees = alive.filter((name) => !isReadLater(name));
    const stays = alive.filter(isReadLater);
    const makes = index === plans.length - 1 ? [] : stage.makes;
    alive = [...stays, ...makes];
    return {
      ...stage,
      frees,
      radius: receptiveField(graph, { targets, given }).radius,
      tileBytesPerPixel: peakBytesPerPixel(graph, targets, given, geometry),
      // What is freed goes tile by tile while what is made comes.
      keptBytesPerPixel: bytesOf(stays) + Math.max(bytesOf(frees), bytesOf(makes)),
      replacedBytesPerPixel: Math.min(bytesOf(frees), bytesOf(makes)),
    };
  });
  return {
    stages,
    whole: {
      reads: [INPUT],
      makes: [target],
      means: [],
      frees: [],
      radius: Number.POSITIVE_INFINITY,
      tileBytesPerPixel: peakBytesPerPixel(graph, [target], new Set([INPUT]), geometry),
      keptBytesPerPixel: 0,
      replacedBytesPerPixel: 0,
    },
    alignment: receptiveField(graph).alignment,
  };
}

function nodesFor(graph: NetworkGraph, targets: readonly string[]): GraphNode[] {
  const needed = neededNodes(graph, targets);
  return graph.nodes.filter((node) => needed.has(node.name));
}

function isMeanOfImage(node: GraphNode, geometry: ReadonlyMap<string, NodeGeometry>): boolean {
  return node.op === "global-mean" && geometry.get(node.inputs[0])?.scale !== undefined;
}

/** The first stage in which each node can be computed; a mean of the image only after the stage of what it is of. */
function stageOfEachNode(
  nodes: readonly GraphNode[],
  geometry: ReadonlyMap<string, NodeGeometry>,
): Map<string, number> {
  const stages = new Map<string, number>([[INPUT, 0]]);
  for (const node of nodes) {
    const stage = Math.max(...node.inputs.map((input) => stages.get(input) as number));
    stages.set(node.name, isMeanOfImage(node, geometry) ? stage + 1 : stage);
  }
  return stages;
}

/** Values that a later stage reads and that are not cheap to compute again from the image. */
function keptValues(
  graph: NetworkGraph,
  nodes: readonly GraphNode[],
  stageOf: ReadonlyMap<string, number>,
  geometry: ReadonlyMap<string, NodeGeometry>,
): string[] {
  const readingStages = new Map<string, Set<number>>();
  for (const node of nodes) {
    if (isMeanOfImage(node, geometry)) continue;
    const stage = stageOf.get(node.name) as number;
    for (const input of node.inputs) {
      if (input === INPUT || !geometry.get(input)?.scale || stageOf.get(input) === stage) continue;
      readingStages.set(input, (readingStages.get(input) ?? new Set<number>()).add(stage));
    }
  }
  const multiplyAdds = (some: GraphNode[]) =>
    countCost({ ...graph, nodes: some }, { height: 96, width: 96 }).multiplyAdds;
  const limit = CHEAP_SHARE * multiplyAdds([...nodes]);
  return [...readingStages]
    .filter(([name, stages]) => {
      const isCheap = stageOf.get(name) === 0 && multiplyAdds(nodesFor(graph, [name])) * stages.size <= limit;
      return !isCheap;
    })
    .map(([name]) => name);
}

/** As the executor goes: an activation is freed after its last reader; targets and given values stay. */
function peakBytesPerPixel(
  graph: NetworkGraph,
  targets: readonly string[],
  given: ReadonlySet<string>,
  geometry: ReadonlyMap<string, NodeGeometry>,
): number {
  const bytes = (name: string) => bytesPerPixel(geometry.get(name) as NodeGeometry);
  const needed = neededNodes(graph, targets, given);
  const computed = graph.nodes.filter((node) => needed.has(node.name) && !given.has(node.name));
  const readersLeft = new Map<string, number>();
  for (const node of computed) {
    for (const input of node.inputs) readersLeft.set(input, (readersLeft.get(input) ?? 0) + 1);
  }
  const stays = new Set([...targets, ...given]);
  let live = [...given].filter((name) => needed.has(name)).reduce((sum, name) => sum + bytes(name), 0);
  let peak = live;
  for (const node of computed) {
    live += bytes(node.name);
    peak = Math.max(peak, live);
    for (const input of node.inputs) {
      const left = (readersLeft.get(input) as number) - 1;
      readersLeft.set(input, left);
      if (left === 0 && !stays.has(input)) live -= bytes(input);
    }
  }
  return peak;
}

function bytesPerPixel({ channels, scale }: NodeGeometry): number {
  return scale ? FLOAT_BYTES * channels * (scale.up / scale.down) ** 2 : 0;
}
