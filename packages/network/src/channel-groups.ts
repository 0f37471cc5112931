import { type Contact, type TiedChannels, tieChannels } from "./channel-ties.ts";
import type { NetworkGraph } from "./graph.ts";

/** One side of a convolution that takes part in a group. */
export interface GroupMember {
  node: string;
  axis: "input" | "output";
  /** `channels[j]`: the indices on that axis that belong to channel j of the group; r² of them before a pixel shuffle. */
  channels: number[][];
}

/** Channels that touch the same convolutions: any of them can be removed, from all of its members at once. */
export interface ChannelGroup {
  /** The name of the first convolution that reads it, numbered where that one reads several groups. */
  name: string;
  width: number;
  /** Convolutions whose outputs go with a channel. */
  producers: GroupMember[];
  /** Convolutions whose inputs go with a channel. */
  consumers: GroupMember[];
  /**
   * Whether the method prunes it: one producer, one consumer, no contact with the residual stream or attention; or the
   * graph says that it is pruned everywhere.
   */
  prunable: boolean;
}

/**
 * All groups that could lose a channel, in the order of their first producer. Channels of the network's input, of
 * its outputs and of constant layers are in none.
 */
export function channelGroups(graph: NetworkGraph): ChannelGroup[] {
  const position = new Map(graph.nodes.map((node, i) => [node.name, i]));
  const alike = new Map<string, TiedChannels[]>();
  for (const tied of tieChannels(graph)) {
    if (tied.fixed) continue;
    const sides = new Set<string>();
    for (const { node, axis } of tied.contacts) sides.add(`${position.get(node.name)}${axis}`);
    const key = [...sides].join();
    const channels = alike.get(key);
    if (channels) channels.push(tied);
    else alike.set(key, [tied]);
  }

  const first = (group: ChannelGroup) => position.get(group.producers[0].node) as number;
  const groups = [...alike.values()]
    .map((channels) => describeGroup(channels, graph.prune === "everywhere"))
    // What nothing computes or nothing reads is left as it is.
    .filter((group) => group.producers.length > 0 && group.consumers.length > 0)
    .sort((a, b) => first(a) - first(b));
  return numberNames(groups);
}

function describeGroup(channels: TiedChannels[], everywhere: boolean): ChannelGroup {
  const producers = membersOf(channels, "output");
  const consumers = membersOf(channels, "input");
  const joined = channels.some((channel) => channel.joined);
  return {
    name: consumers[0]?.node ?? "",
    width: channels.length,
    producers,
    consumers,
    prunable: everywhere || (!joined && producers.length === 1 && consumers.length === 1),
  };
}

function membersOf(channels: TiedChannels[], axis: Contact["axis"]): GroupMember[] {
  const members = new Map<string, GroupMember>();
  channels.forEach(({ contacts }, channel) => {
    for (const { node, axis: side, index } of contacts) {
      if (side !== axis) continue;
      const member = members.get(node.name) ?? { node: node.name, axis, channels: channels.map((): number[] => []) };
      members.set(node.name, member);
      member.channels[channel].push(index);
    }
  });
  return [...members.values()];
}

function numberNames(groups: ChannelGroup[]): ChannelGroup[] {
  const seen = new Map<string, number>();
  return groups.map((group) => {
    const count = (seen.get(group.name) ?? 0) + 1;
    seen.set(group.name, count);
    return count === 1 ? group : { ...group, name: `${group.name} (${count})` };
  });
}

/** Finding the groups of a large network takes 30 ms, and searches count thousands of plans of the same graph. */
const found = new WeakMap<NetworkGraph, ChannelGroup[]>();

/**
 * The groups that the method prunes: down blocks by phase; then, per phase, residual blocks and pixel shuffle.
 * Graphs are never changed in place, so the groups of one are found once.
 */
export function prunableGroups(graph: NetworkGraph): ChannelGroup[] {
  const groups = found.get(graph) ?? channelGroups(graph).filter((group) => group.prunable);
  found.set(graph, groups);
  return [...groups];
}
