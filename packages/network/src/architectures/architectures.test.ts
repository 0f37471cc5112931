import { describe, expect, it } from "vitest";
import { golden } from "../../test/golden.ts";
import { execute, planes } from "../../test/reference-executor.ts";
import { costAtPublishedSizes, leastInputSide } from "../cost.ts";
import { createModel } from "../create-model.ts";
import { networkScale, scaleLevel, type WeightMap } from "../graph.ts";
import { networkLabel } from "../network-label.ts";
import { seededRandom } from "../random.ts";
import { receptiveField } from "../receptive-field.ts";
import { type SafeTensor, writeSafetensors } from "../safetensors.ts";
import { validateNetwork } from "../validate.ts";
import { importPytorch } from "./import-pytorch.ts";
import { type NetworkConfiguration, networkGraph, PRESETS, preset } from "./registry.ts";
import { RGB_MEAN } from "./rgb-mean.ts";

const SMALL: Record<string, NetworkConfiguration> = {
  rfdn: { architecture: "rfdn", scale: 2, blocks: 2, features: 8 },
  edsr: { architecture: "edsr", scale: 3, blocks: 2, features: 4, residualScale: 0.1 },
  rcan: { architecture: "rcan", scale: 4, groups: 2, blocks: 2, features: 4, reduction: 2 },
};
const SEEDS: Record<string, number> = { rfdn: 1, edsr: 2, rcan: 3 };
const small = Object.entries(SMALL);

function stateDict(weights: WeightMap): Map<string, SafeTensor> {
  return new Map([...weights].map(([name, weight]) => [name, { dtype: "F32" as const, ...weight }]));
}

describe("presets", () => {
  it.each([
    // EDSR: as published for the networks of 32 and of 16 blocks; the mean shift is not counted.
    ["edsr", 2, 40_729_603],
    ["edsr", 3, 43_680_003],
    ["edsr", 4, 43_089_923],
    ["edsr-baseline", 2, 1_369_859],
    ["edsr-baseline", 3, 1_554_499],
    ["edsr-baseline", 4, 1_517_571],
    // RCAN: the released state dicts without the 24 numbers of the mean shift.
    ["rcan", 2, 15_444_667 - 24],
    ["rcan", 3, 15_629_307 - 24],
    ["rcan", 4, 15_592_379 - 24],
    // RFDN: the state dict of the winner of AIM 2020.
    ["rfdn", 4, 433_448],
  ])("%s ×%d has %d parameters", (name, scale, parameters) => {
    expect(costAtPublishedSizes(networkGraph(preset(name, scale))).parameters).toBe(parameters);
  });

  it("says what there is for a name or a scale that is not known", () => {
    expect(() => preset("vdsr", 2)).toThrow(`"vdsr" is unknown; there are ${PRESETS.join(", ")}.`);
    expect(() => preset("rfdn", 8)).toThrow("rfdn has no size for ×8; it has 2, 3, 4.");
  });
});

describe.each(small)("a small %s", (name, configuration) => {
  const { primal, duals } = createModel({ ...configuration, seed: SEEDS[name] });

  it("is a valid network with one output and a chain of dual networks", () => {
    validateNetwork(primal);
    expect(primal.graph.outputs).toHaveLength(1);
    expect(networkScale(primal.graph)).toBe(configuration.scale);
    expect(duals).toHaveLength(scaleLevel(configuration.scale));
    for (const dual of duals) expect(networkScale(dual.graph)).toBe(configuration.scale === 3 ? 1 / 3 : 1 / 2);
    expect(networkLabel(primal.graph)).toBe(primal.graph.architecture);
  });

  it("computes what PyTorch does", () => {
    const expected =
      golden<Record<string, { shape: number[]; every: number; values: number[] }>>("architectures.json")[name];
    const random = seededRandom(9);
    const [height, width] = name === "rfdn" ? [19, 16] : [7, 6];
    const image = planes(3, height, width, () => Math.floor(256 * random.uniform()));
    const [output] = execute(primal, image);
    expect([1, output.channels, output.height, output.width]).toEqual(expected.shape);
    expected.values.forEach((value, i) => {
      expect(output.data[i * expected.every]).toBeCloseTo(value, 4);
    });
  });

  it("is recognised by its tensors", () => {
    const settings = name === "edsr" ? { residualScale: 0.1 } : {};
    expect(importPytorch(writeSafetensors(stateDict(primal.weights)), settings)).toEqual({ primal, duals: [] });
    const missing = stateDict(primal.weights);
    const last = [...missing.keys()].at(-1) as string;
    missing.delete(last);
    expect(() => importPytorch(writeSafetensors(missing))).toThrow(`the tensor "${last}"`);
  });
});

describe("the mean shift of a state dict", () => {
  const { primal } = createModel({ ...SMALL.edsr, seed: 2 });
  const identity = Float32Array.from({ length: 9 }, (_, i) => Number(i % 4 === 0));
  const withShift = (weight: Float32Array, mean: readonly number[]) =>
    writeSafetensors(
      new Map<string, SafeTensor>([
        ...stateDict(primal.weights),
        ["sub_mean.weight", { dtype: "F32", shape: [3, 3, 1, 1], data: weight }],
        ["sub_mean.bias", { dtype: "F32", shape: [3], data: Float32Array.from(mean, (value) => -value) }],
        ["add_mean.weight", { dtype: "F32", shape: [3, 3, 1, 1], data: identity }],
        ["add_mean.bias", { dtype: "F32", shape: [3], data: Float32Array.from(mean) }],
      ]),
    );

  it("becomes a constant of the graph", () => {
    const { graph, weights } = importPytorch(withShift(identity, [100, 110, 120])).primal;
    expect(graph.nodes[0]).toMatchObject({ op: "shift", values: [-100, -110, -120] });
    expect(graph.nodes.at(-1)).toMatchObject({ op: "shift", values: [100, 110, 120] });
    expect(weights).toEqual(primal.weights);
  });

  it("is refused where it does more", () => {
    expect(() =>
      importPytorch(
        withShift(
          identity.map((value) => value / 2),
          RGB_MEAN,
        ),
      ),
    ).toThrow(/"sub_mean" and "add_mean" do more than take a mean/);
  });
});

it("scales the residuals of an EDSR of 256 features by 0.1, of others by 1", () => {
  const residualScale = (features: number) => {
    const { weights } = createModel({
      architecture: "edsr",
      scale: 2,
      blocks: 1,
      features,
      residualScale: 1,
      seed: 1,
    }).primal;
    const node = importPytorch(writeSafetensors(stateDict(weights))).primal.graph.nodes.find(
      ({ op }) => op === "scale",
    );
    return node?.op === "scale" ? node.factor : 1;
  };
  expect([residualScale(256), residualScale(8)]).toEqual([0.1, 1]);
});

it("RFDN sees the whole image, and needs one of 15 pixels a side", () => {
  const graph = networkGraph(SMALL.rfdn);
  expect(receptiveField(graph).radius).toBe(Number.POSITIVE_INFINITY);
  expect(leastInputSide(graph)).toBe(15);
  expect(leastInputSide(networkGraph(SMALL.edsr))).toBe(1);
});
