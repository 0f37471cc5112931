import { describe, expect, it } from "vitest";
import { golden } from "../test/golden.ts";
import { drnGraph } from "./architectures/drn.ts";
import { networkGraph, preset } from "./architectures/registry.ts";
import { costAtPublishedSizes, countCost } from "./cost.ts";
import { dualGraph } from "./dual-network.ts";
import { planWidths, shrinkGraphToPlan } from "./surgery.ts";

interface ReleasedPlan {
  parameters: number;
  multiplyAddsLr96x96: number;
  multiplyAddsHr1280x720: number;
  widths: number[];
}

describe("countCost", () => {
  it.each([
    ["drn-s", 4, 4_804_065, "109.92", "687.0"],
    ["drn-s", 8, 5_403_000, "197.94", "309.3"],
    ["drn-l", 4, 9_825_893, "224.76", "1404.8"],
    ["drn-l", 8, 10_004_018, "366.38", "572.5"],
  ])("counts the published %s ×%d", (name, scale, parameters, small, large) => {
    const cost = costAtPublishedSizes(networkGraph(preset(name, scale)));
    expect(cost.parameters).toBe(parameters);
    expect((cost.multiplyAddsLr96x96 / 1e9).toFixed(2)).toBe(small);
    expect((cost.multiplyAddsHr1280x720 / 1e9).toFixed(1)).toBe(large);
  });

  const { plans } = golden<{ plans: Record<string, ReleasedPlan> }>("released-plans.json");
  it.each(Object.entries(plans))("counts the released plan %s to the last digit", (name, plan) => {
    const graph = networkGraph(preset("drn-s", Number(/x(\d)/.exec(name)?.[1])));
    const cost = costAtPublishedSizes(shrinkGraphToPlan(graph, plan.widths));
    expect(cost.parameters).toBe(plan.parameters);
    expect(cost.multiplyAddsLr96x96).toBe(Math.round(plan.multiplyAddsLr96x96 * 1e9));
    expect(cost.multiplyAddsHr1280x720).toBe(Math.round(plan.multiplyAddsHr1280x720 * 1e9));
  });

  it("counts the mean shift: 24 parameters once, 12 multiply-adds a pixel at each use", () => {
    const graph = drnGraph({ scale: 2, blocks: 1, features: 4 });
    const others = graph.nodes.filter((node) => node.op !== "conv2d" || !node.constant);
    const input = { height: 6, width: 10 };
    const whole = countCost(graph, input);
    const without = countCost({ ...graph, nodes: reroute(others), outputs: [{ node: "tail.1", scale: 2 }] }, input);
    expect(whole.parameters - without.parameters).toBe(24);
    // Once at ×2 before the head; then after the outputs at ×1 and at ×2.
    expect(whole.multiplyAdds - without.multiplyAdds).toBe(12 * 60 * (4 + 1 + 4));
  });

  it("has the output size of PyTorch at a stride", () => {
    // 5×6 to 3×3; 3 → 1 and 1 → 3 channels, 27 weights each.
    expect(countCost(dualGraph(1), { height: 5, width: 6 })).toEqual({ parameters: 54, multiplyAdds: 9 * 54 });
  });
});

/** Nodes that read what the mean subtraction read. */
function reroute(nodes: ReturnType<typeof drnGraph>["nodes"]): ReturnType<typeof drnGraph>["nodes"] {
  return nodes.map((node) => (node.name === "head" && node.op === "conv2d" ? { ...node, inputs: ["upsample"] } : node));
}

describe("a channel plan", () => {
  it("has P·(B + 2) widths: down blocks, then residual blocks and the shuffle of each phase", () => {
    expect(planWidths(networkGraph(preset("drn-s", 4)))).toEqual([16, 32, ...Array(62).fill(64)]);
    expect(planWidths(networkGraph(preset("drn-s", 8)))).toEqual([
      8,
      16,
      32,
      ...Array(62).fill(64),
      ...Array(31).fill(32),
    ]);
  });

  it("can shrink drn-s ×4 by 92.8 % of the parameters", () => {
    const graph = networkGraph(preset("drn-s", 4));
    const least = shrinkGraphToPlan(
      graph,
      planWidths(graph).map(() => 4),
    );
    const removed = 1 - costAtPublishedSizes(least).parameters / costAtPublishedSizes(graph).parameters;
    expect(removed.toFixed(3)).toBe("0.928");
  });

  it("is refused where it does not fit", () => {
    const graph = drnGraph({ scale: 2, blocks: 1, features: 4 });
    expect(planWidths(graph)).toEqual([4, 8, 8]);
    const refused = (widths: number[], message: RegExp) =>
      expect(() => shrinkGraphToPlan(graph, widths)).toThrow(
        expect.objectContaining({ code: "PLAN_INVALID", message: expect.stringMatching(message) }),
      );
    refused([4, 8], /has 2 widths; the network has 3/);
    refused([4, 0, 8], /Width 1 of the plan \(up_blocks\.0\.0\.body\.2\) is 0; it can be 1 to 8/);
    refused([4, 9, 8], /is 9/);
    refused([4, 2.5, 8], /is 2\.5/);
  });
});
