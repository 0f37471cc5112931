/**
 * Which channels must go together: additions and products tie them, concatenations offset them, a pixel shuffle
 * joins r² of them, and channel attention follows the features it scales.
 */
import { type Conv2dNode, INPUT, type NetworkGraph } from "./graph.ts";

/** One side of a convolution that takes part in a group. */
export interface GroupMember {
  node: string;
  axis: "input" | "output";
  /** `channels[j]`: the indices on that axis that belong to channel j of the group; r² of them before a pixel shuffle. */
  channels: number[][];
}

export interface ChannelGroup {
  /** The name of the first convolution that reads it. */
  name: string;
  width: number;
  /** Convolutions whose outputs go with a channel. */
  producers: GroupMember[];
  /** Convolutions whose inputs go with a channel. */
  consumers: GroupMember[];
  /** Whether the method prunes it: one producer, one consumer, no contact with the residual stream or attention. */
  prunable: boolean;
}

/** Channels that were found to go together. */
class Ties {
  private readonly parents: number[] = [];

  make(): number {
    return this.parents.push(this.parents.length) - 1;
  }

  find(id: number): number {
    let root = id;
    while (this.parents[root] !== root) root = this.parents[root];
    for (let at = id; at !== root; ) [at, this.parents[at]] = [this.parents[at], root];
    return root;
  }

  join(a: number, b: number): void {
    this.parents[this.find(a)] = this.find(b);
  }
}

interface Contact {
  node: Conv2dNode;
  axis: "input" | "output";
  index: number;
}

/**
 * All groups that could lose a channel, in the order of their first producer. Channels of the network's input, of
 * its outputs and of constant layers are in none.
 */
export function channelGroups(graph: NetworkGraph): ChannelGroup[] {
  const ties = new Ties();
  const fresh = (count: number) => Array.from({ length: count }, () => ties.make());
  const ids = new Map<string, number[]>([[INPUT, fresh(graph.inputChannels)]]);
  const contacts: [id: number, contact: Contact][] = [];
  const fixed: number[] = [...(ids.get(INPUT) as number[])];
  const joined: number[] = [];
  const pooled = new Set<string>();

  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => ids.get(name) as number[]);
    if (node.inputs.every((name) => pooled.has(name)) || node.op === "global-mean") pooled.add(node.name);
    switch (node.op) {
      case "conv2d": {
        const outputs = fresh(node.outChannels);
        inputs[0].forEach((id, index) => {
          contacts.push([id, { node, axis: "input", index }]);
        });
        outputs.forEach((id, index) => {
          contacts.push([id, { node, axis: "output", index }]);
        });
        if (node.constant) fixed.push(...inputs[0], ...outputs);
        if (pooled.has(node.name)) joined.push(...outputs);
        ids.set(node.name, outputs);
        break;
      }
      case "add":
      case "multiply":
        inputs[0].forEach((id, i) => {
          ties.join(id, inputs[1][i]);
        });
        joined.push(...inputs[0]);
        ids.set(node.name, inputs[0]);
        break;
      case "concat":
        ids.set(node.name, inputs.flat());
        joined.push(...inputs.flat());
        break;
      case "pixel-shuffle": {
        const pieces = node.factor ** 2;
        for (let i = 0; i < inputs[0].length; i++) ties.join(inputs[0][i], inputs[0][i - (i % pieces)]);
        ids.set(
          node.name,
          inputs[0].filter((_, i) => i % pieces === 0),
        );
        break;
      }
      case "relu":
      case "leaky-relu":
      case "sigmoid":
      case "global-mean":
      case "resize":
        ids.set(node.name, inputs[0]);
    }
  }
  for (const output of graph.outputs) fixed.push(...(ids.get(output.node) as number[]));

  const fixedRoots = new Set(fixed.map((id) => ties.find(id)));
  const joinedRoots = new Set(joined.map((id) => ties.find(id)));
  const channels = new Map<number, Contact[]>();
  for (const [id, contact] of contacts) {
    const root = ties.find(id);
    if (fixedRoots.has(root)) continue;
    const list = channels.get(root);
    if (list) list.push(contact);
    else channels.set(root, [contact]);
  }

  // Channels that touch the same sides of the same convolutions form a group.
  const groups = new Map<string, { contacts: Contact[][]; joined: boolean }>();
  for (const [root, list] of channels) {
    const key = [...new Set(list.map(({ node, axis }) => `${axis} ${node.name}`))].sort().join("\n");
    const group = groups.get(key) ?? { contacts: [], joined: false };
    group.contacts.push(list);
    group.joined ||= joinedRoots.has(root);
    groups.set(key, group);
  }
  const order = new Map(graph.nodes.map((node, i) => [node.name, i]));
  return [...groups.values()]
    .map((group) => describeGroup(group.contacts, group.joined))
    .filter((group) => group.producers.length > 0 && group.consumers.length > 0)
    .sort((a, b) => (order.get(a.producers[0].node) as number) - (order.get(b.producers[0].node) as number));
}

/** `contacts[j]`: everything that channel j touches, in the order of the graph. */
function describeGroup(contacts: Contact[][], joined: boolean): ChannelGroup {
  const side = (axis: GroupMember["axis"]): GroupMember[] => {
    const names = [...new Set(contacts[0].filter((contact) => contact.axis === axis).map(({ node }) => node.name))];
    return names.map((name) => ({
      node: name,
      axis,
      channels: contacts.map((list) =>
        list.filter((contact) => contact.axis === axis && contact.node.name === name).map(({ index }) => index),
      ),
    }));
  };
  const producers = side("output");
  const consumers = side("input");
  return {
    name: consumers[0]?.node ?? "",
    width: contacts.length,
    producers,
    consumers,
    prunable: !joined && producers.length === 1 && consumers.length === 1,
  };
}

/** The groups that the method prunes: down blocks by phase; then, per phase, residual blocks and pixel shuffle. */
export function prunableGroups(graph: NetworkGraph): ChannelGroup[] {
  return channelGroups(graph).filter((group) => group.prunable);
}
