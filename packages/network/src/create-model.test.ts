import { describe, expect, it } from "vitest";
import { preset } from "./architectures/registry.ts";
import { RGB_MEAN } from "./architectures/rgb-mean.ts";
import { createModel, createModelOfShape } from "./create-model.ts";
import { planWidths } from "./surgery.ts";
import { validateNetwork } from "./validate.ts";

it("draws weights for the shape of a plan, by what is left of each convolution's inputs", () => {
  const { primal } = createModel({ preset: "drn-xs", scale: 4, seed: 1 });
  const plan = planWidths(primal.graph).map((width) => Math.max(4, width / 2));
  const model = createModelOfShape(primal.graph, plan, 5);
  validateNetwork(model.primal);
  expect(planWidths(model.primal.graph)).toEqual(plan);
  expect(model.duals).toHaveLength(2);
  expect(createModelOfShape(primal.graph, plan, 5)).toEqual(model);
  const narrowed = model.primal.graph.nodes.find(
    (node) => node.op === "conv2d" && node.weight === "up_blocks.0.0.body.2.weight",
  );
  const { data } = model.primal.weights.get("up_blocks.0.0.body.2.weight") ?? { data: new Float32Array() };
  const inChannels = narrowed?.op === "conv2d" ? narrowed.inChannels : 0;
  const [bound, largest] = [1 / Math.sqrt(inChannels * 9), Math.max(...data.map(Math.abs))];
  expect(largest).toBeLessThanOrEqual(Math.fround(bound));
  expect(largest).toBeGreaterThan(0.95 * bound);
});

describe("createModel", () => {
  const model = createModel({ preset: "drn-xs", scale: 4, seed: 11 });

  it("gives valid networks, one dual network a phase", () => {
    validateNetwork(model.primal);
    model.duals.forEach(validateNetwork);
    expect(model.duals).toHaveLength(2);
    expect(model.primal.graph.architecture).toBe("drn scale=4 blocks=4 features=8");
  });

  it("gives the same weights for the same seed only", () => {
    expect(createModel({ preset: "drn-xs", scale: 4, seed: 11 })).toEqual(model);
    const other = createModel({ preset: "drn-xs", scale: 4, seed: 12 });
    expect(other.primal.weights.get("head.weight")).not.toEqual(model.primal.weights.get("head.weight"));
  });

  it("draws weights and biases uniformly in ±1/√fan-in", () => {
    const { data } = model.primal.weights.get("up_blocks.0.0.body.0.weight") ?? { data: new Float32Array() };
    const bound = 1 / Math.sqrt(32 * 9);
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const square = data.reduce((sum, value) => sum + value * value, 0) / data.length;
    // 9,216 values: the standard error of the mean is 0.006 bounds.
    expect(Math.abs(mean)).toBeLessThan(0.03 * bound);
    expect(square / (bound ** 2 / 3)).toBeCloseTo(1, 1);
    const bias = model.primal.weights.get("up_blocks.0.0.body.0.bias")?.data ?? new Float32Array();
    expect(Math.max(...bias.map(Math.abs))).toBeGreaterThan(0.8 * bound);
    expect(Math.max(...bias.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
  });

  it("sets the mean shift's constants", () => {
    const { weights } = model.primal;
    expect([...(weights.get("sub_mean.weight")?.data ?? [])]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(weights.get("sub_mean.bias")?.data).toEqual(Float32Array.from(RGB_MEAN, (mean) => -mean));
    expect(weights.get("add_mean.bias")?.data).toEqual(Float32Array.of(114.444, 111.4605, 103.02));
  });
});

describe("preset", () => {
  it.each([
    ["drn-m", 4, /preset: "drn-m" is unknown; there are drn-s, drn-l, drn-xs, drn-tiny/],
    ["constructor", 4, /preset: "constructor" is unknown/],
    ["drn-l", 2, /scale: drn-l has no size for ×2; it has 4, 8/],
    ["drn-s", 3, /no size for ×3/],
  ])("refuses %s ×%d", (name, scale, message) => {
    expect(() => preset(name, scale)).toThrow(
      expect.objectContaining({ code: "PRESET_UNKNOWN", message: expect.stringMatching(message) }),
    );
  });
});
