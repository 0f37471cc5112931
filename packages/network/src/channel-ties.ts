import { type Conv2dNode, type GraphNode, INPUT, type NetworkGraph } from "./graph.ts";

/** One channel on one side of a convolution. */
export interface Contact {
  node: Conv2dNode;
  axis: "input" | "output";
  index: number;
}

/** A set of channels that can only be there, or be gone, together. */
export interface TiedChannels {
  /** Every side of a convolution that they touch, in the order of the nodes. */
  contacts: Contact[];
  /** One is of the network's input or output, or of a constant layer: they cannot be removed. */
  fixed: boolean;
  /** One is added, multiplied, concatenated or computed from a global mean: residual streams and attention. */
  joined: boolean;
}

/** Disjoint sets of channels; a channel is a number. */
class Ties {
  private readonly parents: number[] = [];

  make(count: number): number[] {
    return Array.from({ length: count }, () => this.parents.push(this.parents.length) - 1);
  }

  find(channel: number): number {
    let root = channel;
    while (this.parents[root] !== root) root = this.parents[root];
    for (let at = channel; at !== root; ) [at, this.parents[at]] = [this.parents[at], root];
    return root;
  }

  join(some: readonly number[], others: readonly number[]): void {
    some.forEach((channel, i) => {
      this.parents[this.find(channel)] = this.find(others[i]);
    });
  }
}

/** What is known of the channels while the graph is walked. */
class Walk {
  readonly ties = new Ties();
  readonly channelsOf = new Map<string, number[]>();
  readonly contacts: [channel: number, contact: Contact][] = [];
  readonly fixed: number[] = [];
  readonly joined: number[] = [];
  /** Nodes computed from global means alone. */
  private readonly pooled = new Set<string>();
  private readonly byWeight = new Map<string, { inputs: number[]; outputs: number[] }>();

  visit(node: GraphNode): void {
    const inputs = node.inputs.map((name) => this.channelsOf.get(name) as number[]);
    if (node.op === "global-mean" || node.inputs.every((name) => this.pooled.has(name))) this.pooled.add(node.name);
    this.channelsOf.set(node.name, this.outputs(node, inputs));
  }

  private outputs(node: GraphNode, inputs: number[][]): number[] {
    const [first] = inputs;
    switch (node.op) {
      case "conv2d":
        return this.convolution(node, first);
      case "add":
      case "multiply":
        this.ties.join(first, inputs[1]);
        this.joined.push(...first);
        return first;
      case "concat":
        this.joined.push(...inputs.flat());
        return inputs.flat();
      case "pixel-shuffle": {
        const pieces = node.factor ** 2;
        const joint = first.filter((_, i) => i % pieces === 0);
        this.ties.join(
          first,
          first.map((_, i) => joint[Math.floor(i / pieces)]),
        );
        return joint;
      }
      case "relu":
      case "leaky-relu":
      case "sigmoid":
      case "global-mean":
      case "resize":
      case "resize-to":
      case "max-pool":
      case "scale":
        return first;
      case "shift":
        // Its constants would have to go too.
        this.fixed.push(...first);
        return first;
    }
  }

  private convolution(node: Conv2dNode, inputs: number[]): number[] {
    const outputs = this.ties.make(node.outChannels);
    inputs.forEach((channel, index) => {
      this.contacts.push([channel, { node, axis: "input", index }]);
    });
    outputs.forEach((channel, index) => {
      this.contacts.push([channel, { node, axis: "output", index }]);
    });
    const twin = this.byWeight.get(node.weight);
    if (twin) {
      this.ties.join(inputs, twin.inputs);
      this.ties.join(outputs, twin.outputs);
    }
    this.byWeight.set(node.weight, { inputs, outputs });
    if (node.constant) this.fixed.push(...inputs, ...outputs);
    if (this.pooled.has(node.name)) this.joined.push(...outputs);
    return outputs;
  }
}

/**
 * Which channels go together: additions and products tie them, concatenations offset them, a pixel shuffle joins r²
 * of them, convolutions that share weights tie theirs; everything else passes them on.
 */
export function tieChannels(graph: NetworkGraph): TiedChannels[] {
  const walk = new Walk();
  const input = walk.ties.make(graph.inputChannels);
  walk.channelsOf.set(INPUT, input);
  for (const node of graph.nodes) walk.visit(node);
  const outputs = graph.outputs.flatMap((output) => walk.channelsOf.get(output.node) as number[]);

  const tied = new Map<number, TiedChannels>();
  const set = (channel: number): TiedChannels => {
    const root = walk.ties.find(channel);
    const known = tied.get(root) ?? { contacts: [], fixed: false, joined: false };
    tied.set(root, known);
    return known;
  };
  for (const [channel, contact] of walk.contacts) set(channel).contacts.push(contact);
  for (const channel of [...input, ...outputs, ...walk.fixed]) set(channel).fixed = true;
  for (const channel of walk.joined) set(channel).joined = true;
  return [...tied.values()];
}
