import { describe, expect, it } from "vitest";
import { createModel } from "../create-model.ts";
import type { WeightMap } from "../graph.ts";
import { type SafeTensor, writeSafetensors } from "../safetensors.ts";
import { importPytorch } from "./import-pytorch.ts";

function stateDict(weights: WeightMap, prefix = ""): [string, SafeTensor][] {
  return [...weights].map(([name, weight]) => [prefix + name, { dtype: "F32", ...weight }]);
}

function refusal(tensors: Iterable<[string, SafeTensor]>): string {
  try {
    importPytorch(writeSafetensors(new Map(tensors)));
  } catch (error) {
    expect(error).toMatchObject({ code: "ARCHITECTURE_MISMATCH" });
    return (error as Error).message;
  }
  throw new Error("not refused");
}

describe("importPytorch", () => {
  it.each([2, 4, 8] as const)("reads scale ×%d, blocks and features from the shapes", (scale) => {
    const { primal } = createModel({ scale, blocks: 3, features: 6, seed: scale });
    expect(importPytorch(writeSafetensors(new Map(stateDict(primal.weights))))).toEqual({ primal, duals: [] });
  });

  it("reads dual networks beside a network under net., and leaves other things out", () => {
    const model = createModel({ scale: 4, blocks: 1, features: 4, seed: 1 });
    const tensors = new Map<string, SafeTensor>([
      ...stateDict(model.primal.weights, "net."),
      ...model.duals.flatMap((dual, i) => stateDict(dual.weights, `dual.${i}.`)),
      ["optimizer.step", { dtype: "F32", shape: [], data: Float32Array.of(3) }],
    ]);
    expect(importPytorch(writeSafetensors(tensors))).toEqual(model);
  });

  const { primal, duals } = createModel({ scale: 2, blocks: 2, features: 4, seed: 1 });
  const bare = stateDict(primal.weights);

  it("refuses what is no DRN", () => {
    expect(refusal([["conv.weight", { dtype: "F32", shape: [1], data: new Float32Array(1) }]])).toMatch(
      /no known architecture: DRN needs "head\.weight".*RFDN needs "fea_conv\.weight"/,
    );
    expect(refusal([])).toMatch(/no known architecture/);
  });

  it("names the first difference", () => {
    expect(refusal(bare.filter(([name]) => name !== "up_blocks.0.1.body.2.bias"))).toMatch(
      /"drn scale=2 blocks=2 features=4": the tensor "up_blocks\.0\.1\.body\.2\.bias" of shape \[8\] is missing/,
    );
    const wide = bare.map(([name, tensor]): [string, SafeTensor] =>
      name === "tail.1.bias" ? [name, { dtype: "F32", shape: [4], data: new Float32Array(4) }] : [name, tensor],
    );
    expect(refusal(wide)).toMatch(/"tail\.1\.bias" has the shape \[4\], expected \[3\]/);
  });

  it("refuses dual networks that do not fit the scale", () => {
    const net = stateDict(primal.weights, "net.");
    const [dual] = duals;
    expect(refusal([...net, ...stateDict(dual.weights, "dual.0."), ...stateDict(dual.weights, "dual.1.")])).toMatch(
      /"dual\.1\.dual_module\.0\.0\.weight" is of a dual network that scale 2 does not have/,
    );
    expect(refusal([...net, ...stateDict(dual.weights, "dual.0.").slice(1)])).toMatch(/is missing/);
  });
});
