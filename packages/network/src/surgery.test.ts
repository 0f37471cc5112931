import { describe, expect, it } from "vitest";
import { golden } from "../test/golden.ts";
import { masked, relativeDifference } from "../test/masked.ts";
import { randomNetwork } from "../test/random-network.ts";
import { execute, planes } from "../test/reference-executor.ts";
import { drnGraph } from "./architectures/drn.ts";
import { type NetworkConfiguration, networkGraph, preset } from "./architectures/registry.ts";
import { channelGroups, prunableGroups } from "./channel-groups.ts";
import { countCost } from "./cost.ts";
import { createModel, initialiseWeights } from "./create-model.ts";
import { type Conv2dNode, INPUT, type Network, type NetworkGraph } from "./graph.ts";
import { seededRandom } from "./random.ts";
import { planWidths, removeChannels, shrinkGraphToPlan } from "./surgery.ts";
import { validateNetwork } from "./validate.ts";

/** A network in a few lines: every entry is a node, with the sizes of convolutions as `[in, out, kernel]`. */
function network(nodes: NetworkGraph["nodes"], output: string, seed = 1): Network {
  const graph: NetworkGraph = {
    format: "drc-graph/1",
    architecture: "test",
    inputChannels: 3,
    nodes,
    outputs: [{ node: output, scale: 1 }],
  };
  return { graph, weights: initialiseWeights(graph, seededRandom(seed)) };
}

function convolution(name: string, input: string, inChannels: number, outChannels: number): Conv2dNode {
  return {
    op: "conv2d",
    name,
    inputs: [input],
    weight: `${name}.weight`,
    bias: `${name}.bias`,
    inChannels,
    outChannels,
    kernel: [3, 3],
    stride: 1,
    padding: 1,
  };
}

function randomImage(seed: number, size: number) {
  const random = seededRandom(seed);
  return planes(3, size, size, () => random.uniform());
}

/** Every group loses some of its channels; each result must compute what the masked network does. */
function expectRemovedEqualsMasked(whole: Network, seed: number, size = 6): void {
  const random = seededRandom(seed);
  const image = randomImage(seed, size);
  for (const group of channelGroups(whole.graph)) {
    if (group.width < 2) continue;
    const keep = random.integer(group.width);
    const removed = Array.from({ length: group.width }, (_, i) => i).filter(
      (i) => i !== keep && random.uniform() < 0.6,
    );
    const pruned = removeChannels(whole, group, removed);
    validateNetwork(pruned);
    const difference = relativeDifference(execute(masked(whole, group, removed), image), execute(pruned, image));
    expect(difference, `${whole.graph.architecture}, group ${group.name} without ${removed}`).toBeLessThan(1e-9);
  }
}

describe("removeChannels", () => {
  const seeds = Array.from({ length: 80 }, (_, i) => i);

  it("equals zeroing the weights that read the channels, on random networks (field case 31)", () => {
    const kinds = new Set<string>();
    let groups = 0;
    for (const seed of seeds) {
      const whole = randomNetwork(seed);
      for (const node of whole.graph.nodes) kinds.add(node.op);
      groups += channelGroups(whole.graph).length;
      expectRemovedEqualsMasked(whole, seed);
    }
    // What the property was tested on.
    expect([...kinds].sort()).toEqual(
      ["add", "concat", "conv2d", "global-mean", "leaky-relu", "multiply", "pixel-shuffle", "relu", "sigmoid"].sort(),
    );
    expect(groups).toBeGreaterThan(300);
  });

  it("equals zeroing on a DRN, in groups of the residual stream too", () => {
    expectRemovedEqualsMasked(createModel({ scale: 2, blocks: 2, features: 4, seed: 5 }).primal, 9);
  });

  it.each<NetworkConfiguration>([
    { architecture: "rfdn", scale: 2, blocks: 2, features: 8 },
    { architecture: "edsr", scale: 3, blocks: 2, features: 4, residualScale: 0.1 },
    { architecture: "rcan", scale: 2, groups: 2, blocks: 1, features: 6, reduction: 2 },
  ])("equals zeroing on $architecture", (configuration) => {
    expectRemovedEqualsMasked(createModel({ ...configuration, seed: 6 }).primal, 11, 16);
  });

  it("leaves the network it is given as it was", () => {
    const whole = randomNetwork(3);
    const before = JSON.stringify([whole.graph, [...whole.weights].map(([name, { shape }]) => [name, shape])]);
    for (const group of channelGroups(whole.graph)) if (group.width > 1) removeChannels(whole, group, [0]);
    expect(JSON.stringify([whole.graph, [...whole.weights].map(([name, { shape }]) => [name, shape])])).toBe(before);
  });

  it("refuses channels that are not there, and to remove all", () => {
    const { primal } = createModel({ scale: 2, blocks: 1, features: 4, seed: 1 });
    const [group] = prunableGroups(primal.graph);
    const refused = (indices: number[], message: string) =>
      expect(() => removeChannels(primal, group, indices)).toThrow(
        expect.objectContaining({ code: "PLAN_INVALID", message: expect.stringContaining(message) }),
      );
    refused([4], "has channels 0 to 3, not 4");
    refused([-1], "not -1");
    refused([0.5], "not 0.5");
    refused([0, 1, 2, 3], "must keep at least one of its 4 channels");
  });

  it("removes r² channels before a pixel shuffle, the right ones (field case 30)", () => {
    const whole = network(
      [
        convolution("wide", INPUT, 3, 256),
        { op: "pixel-shuffle", name: "shuffle", inputs: ["wide"], factor: 2 },
        convolution("next", "shuffle", 64, 3),
      ],
      "next",
    );
    const [group] = prunableGroups(whole.graph);
    expect(group).toMatchObject({ name: "next", width: 64 });
    expect(group.producers[0].channels[7]).toEqual([28, 29, 30, 31]);
    const removed = [0, 7, 8, 63];
    const pruned = removeChannels(whole, group, removed);
    expect(pruned.weights.get("wide.weight")?.shape).toEqual([4 * 60, 3, 3, 3]);
    expect(pruned.weights.get("wide.bias")?.shape).toEqual([4 * 60]);
    expect(pruned.weights.get("next.weight")?.shape).toEqual([3, 60, 3, 3]);
    const image = randomImage(1, 5);
    expect(relativeDifference(execute(masked(whole, group, removed), image), execute(pruned, image))).toBeLessThan(
      1e-5,
    );
  });
});

describe("channelGroups", () => {
  it("ties what is added: all members lose the same channels (field case 31)", () => {
    const whole = network(
      [
        convolution("a", INPUT, 3, 4),
        convolution("b", "a", 4, 4),
        { op: "add", name: "sum", inputs: ["a", "b"] },
        convolution("c", "sum", 4, 3),
      ],
      "c",
    );
    expect(channelGroups(whole.graph)).toEqual([
      {
        name: "b",
        width: 4,
        prunable: false,
        producers: ["a", "b"].map((node) => ({ node, axis: "output", channels: [[0], [1], [2], [3]] })),
        consumers: ["b", "c"].map((node) => ({ node, axis: "input", channels: [[0], [1], [2], [3]] })),
      },
    ]);
  });

  it("offsets what is concatenated (field case 31)", () => {
    const { graph } = network(
      [
        convolution("a", INPUT, 3, 2),
        convolution("b", INPUT, 3, 3),
        { op: "concat", name: "both", inputs: ["b", "a"] },
        convolution("c", "both", 5, 3),
      ],
      "c",
    );
    const groups = channelGroups(graph);
    expect(groups.map(({ name, producers }) => [name, producers[0].node])).toEqual([
      ["c", "a"],
      ["c (2)", "b"],
    ]);
    expect(groups[0].consumers).toEqual([{ node: "c", axis: "input", channels: [[3], [4]] }]);
    expect(groups[1].consumers).toEqual([{ node: "c", axis: "input", channels: [[0], [1], [2]] }]);
  });

  it("lets channel attention follow the features that it scales (field case 31)", () => {
    const { graph } = createModel({ scale: 2, blocks: 1, features: 4, seed: 1 }).primal;
    const stream = channelGroups(graph).find(({ name }) => name === "tail.0");
    expect(stream?.prunable).toBe(false);
    expect(stream?.producers.map(({ node }) => node)).toEqual([
      "down.0.dual_module.1",
      "up_blocks.0.0.body.2",
      "up_blocks.0.0.body.3.conv_du.2",
    ]);
    expect(stream?.consumers.map(({ node }) => node)).toEqual([
      "tail.0",
      "up_blocks.0.0.body.0",
      "up_blocks.0.0.body.3.conv_du.0",
      "up_blocks.0.1.0",
    ]);
  });

  it("leaves input, outputs and constant layers alone", () => {
    const { graph } = createModel({ scale: 4, blocks: 1, features: 4, seed: 1 }).primal;
    const fixed = ["sub_mean", "add_mean.0", "tail.0", "tail.1", "tail.2"];
    const producers = channelGroups(graph).flatMap((group) => group.producers.map(({ node }) => node));
    expect(producers.filter((node) => fixed.includes(node))).toEqual([]);
    const consumers = channelGroups(graph).flatMap((group) => group.consumers.map(({ node }) => node));
    expect(consumers).not.toContain("head");
  });

  it("finds the groups that the method prunes, named by their consumers, in the published order", () => {
    const groups = prunableGroups(drnGraph({ scale: 4, blocks: 2, features: 4 }));
    expect(groups.map(({ name, width, producers: [producer] }) => [producer.node, name, width])).toEqual([
      ["down.0.dual_module.0.0", "down.0.dual_module.1", 4],
      ["down.1.dual_module.0.0", "down.1.dual_module.1", 8],
      ["up_blocks.0.0.body.0", "up_blocks.0.0.body.2", 16],
      ["up_blocks.0.1.body.0", "up_blocks.0.1.body.2", 16],
      ["up_blocks.0.2.0", "up_blocks.0.3", 16],
      ["up_blocks.1.0.body.0", "up_blocks.1.0.body.2", 16],
      ["up_blocks.1.1.body.0", "up_blocks.1.1.body.2", 16],
      ["up_blocks.1.2.0", "up_blocks.1.3", 16],
    ]);
  });

  it("ties convolutions that share their weights", () => {
    const twice = { weight: "b.weight", bias: "b.bias" };
    const { graph } = network(
      [
        convolution("a", INPUT, 3, 4),
        convolution("b", "a", 4, 4),
        { ...convolution("b again", "b", 4, 4), ...twice },
        convolution("c", "b again", 4, 3),
      ],
      "c",
    );
    const [group, ...others] = channelGroups(graph);
    expect(others).toEqual([]);
    expect(group.producers.map(({ node }) => node)).toEqual(["a", "b", "b again"]);
  });
});

describe("a plan", () => {
  const { plans } = golden<{ plans: Record<string, { parameters: number; widths: number[] }> }>("released-plans.json");

  it.each(Object.entries(plans))("gives the released %s by surgery, with exactly its parameters", (name, plan) => {
    const scale = Number(/x(\d)/.exec(name)?.[1]);
    const { primal } = createModel({ preset: "drn-s", scale, seed: 1 });
    const pruned = prunableGroups(primal.graph).reduce((network, { name: group }, i) => {
      const now = prunableGroups(network.graph)[i];
      expect(now.name).toBe(group);
      // From the start, so that it matters which channels go.
      const removed = Array.from({ length: now.width - plan.widths[i] }, (_, k) => k);
      return removeChannels(network, now, removed);
    }, primal);
    validateNetwork(pruned);
    const values = [...pruned.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(values).toBe(plan.parameters);
    expect(countCost(pruned.graph, { height: 96, width: 96 }).parameters).toBe(plan.parameters);
    expect(planWidths(pruned.graph)).toEqual(plan.widths);
    expect(pruned.graph).toEqual(shrinkGraphToPlan(networkGraph(preset("drn-s", scale)), plan.widths));
  });
});
