import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { golden } from "../../test/golden.ts";
import { execute, type Planes } from "../../test/reference-executor.ts";
import { countCost } from "../cost.ts";
import { dualGraph } from "../dual-network.ts";
import { readSafetensors, type SafeTensor } from "../safetensors.ts";
import { validateGraph, weightShapes } from "../validate.ts";
import { type DrnConfiguration, drnGraph } from "./drn.ts";
import { importPytorch } from "./import-pytorch.ts";
import { dualFeatures, networkGraph, preset } from "./registry.ts";

interface ReleasedNetwork {
  preset: string;
  scale: number;
  parameters: number;
  dualParameters: number;
  tensors: number;
  sha256: string;
}

describe("drnGraph", () => {
  const { networks } = golden<{ networks: Record<string, ReleasedNetwork> }>("released-networks.json");

  it.each(Object.entries(networks))("has the state dict of the released %s", (_, released) => {
    const graph = networkGraph(preset(released.preset, released.scale));
    validateGraph(graph);
    const lines = [...weightShapes(graph)].map(([name, shape]) => `${name} [${shape.join(", ")}]`).sort();
    expect(lines).toHaveLength(released.tensors);
    expect(createHash("sha256").update(lines.join("\n")).digest("hex")).toBe(released.sha256);
  });

  it.each(Object.entries(networks))("has dual networks of the size of those of %s", (_, released) => {
    const features = dualFeatures(preset(released.preset, released.scale));
    const { parameters } = countCost(dualGraph(features), { height: 8, width: 8 });
    expect(Math.log2(released.scale) * parameters).toBe(released.dualParameters);
  });

  it.each([2, 4, 8] as DrnConfiguration["scale"][])("names its nodes and outputs for scale %d", (scale) => {
    const graph = drnGraph({ scale, blocks: 1, features: 2 });
    const names = graph.nodes.map((node) => node.name);
    expect(names).toEqual(
      expect.arrayContaining([
        "head",
        "down.0.dual_module.0.0",
        "down.0.dual_module.0.1",
        "down.0.dual_module.1",
        "up_blocks.0.0.body.1",
        "up_blocks.0.0.body.3.conv_du.2",
        "up_blocks.0.0",
        "up_blocks.0.1.0",
        "up_blocks.0.1.1",
        "up_blocks.0.2",
        "tail.0",
      ]),
    );
    expect(graph.outputs.map((output) => output.scale)).toEqual([1, 2, 4, 8].slice(0, Math.log2(scale) + 1));
  });

  it("narrows attention to one channel at least", () => {
    const shapes = weightShapes(drnGraph({ scale: 2, blocks: 1, features: 4 }));
    expect(shapes.get("up_blocks.0.0.body.3.conv_du.0.weight")).toEqual([1, 8, 1, 1]);
  });
});

/** Of a PyTorch implementation of its own: outputs of small random networks, `[batch, channels, height, width]`. */
describe.each([2, 4, 8])("a small DRN of scale %d computes what PyTorch does", (scale) => {
  const bytes = readFileSync(
    new URL(`../../../tensorflow/test/golden/drn_tiny_x${scale}.safetensors`, import.meta.url),
  );
  const { tensors } = readSafetensors(bytes);
  const model = importPytorch(bytes);
  const images = (name: string): Planes[] => {
    const { shape, data } = tensors.get(name) as SafeTensor;
    const [batch, channels, height, width] = shape;
    const size = channels * height * width;
    return Array.from({ length: batch }, (_, i) => {
      return { channels, height, width, data: Float64Array.from(data.subarray(i * size, (i + 1) * size)) };
    });
  };
  const worstError = (actual: Planes, expected: Planes): number => {
    expect([actual.channels, actual.height, actual.width]).toEqual([
      expected.channels,
      expected.height,
      expected.width,
    ]);
    return expected.data.reduce(
      (worst, value, i) => Math.max(worst, Math.abs(actual.data[i] - value) / Math.max(1, Math.abs(value))),
      0,
    );
  };
  const levels = Array.from({ length: Math.log2(scale) + 1 }, (_, i) => 2 ** i);

  it("at every output", () => {
    const expected = levels.map((level) => images(`output.sr.x${level}`));
    images("input.lr.x1").forEach((image, i) => {
      execute(model.primal, image).forEach((output, level) => {
        expect(worstError(output, expected[level][i])).toBeLessThan(1e-4);
      });
    });
  });

  it("in the dual networks", () => {
    model.duals.forEach((dual, i) => {
      const expected = images(`output.dual.${i}`);
      images(`output.sr.x${2 ** (i + 1)}`).forEach((image, k) => {
        expect(worstError(execute(dual, image)[0], expected[k])).toBeLessThan(1e-4);
      });
    });
    expect(model.duals).toHaveLength(levels.length - 1);
  });
});
