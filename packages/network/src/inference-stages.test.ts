import { describe, expect, it } from "vitest";
import { networkGraph, preset } from "./architectures/registry.ts";
import { inferencePlan } from "./inference-stages.ts";

describe("inferencePlan", () => {
  const graph = networkGraph(preset("drn-xs", 4));
  const { stages, whole } = inferencePlan(graph);

  it("ends a stage at each channel attention", () => {
    expect(stages.map(({ means }) => means.map(({ node }) => node))).toEqual([
      ...[0, 1].flatMap((phase) => [0, 1, 2, 3].map((block) => [`up_blocks.${phase}.${block}.body.3.avg_pool`])),
      [],
    ]);
    expect(stages.at(-1)?.makes).toEqual(["add_mean.2"]);
  });

  it("keeps two feature maps between stages, and reads them once", () => {
    for (const [i, stage] of stages.entries()) {
      const kept = i === 0 ? [] : stages[i - 1].makes;
      expect(stage.reads.filter((name) => name !== "input").sort()).toEqual([...kept].sort());
      expect([...stage.frees].sort()).toEqual([...kept].sort());
      if (i < stages.length - 1) expect(stage.makes).toHaveLength(2);
    }
    // 32 channels at ×2, 4 bytes each, two maps.
    expect(Math.max(...stages.map(({ keptBytesPerPixel }) => keptBytesPerPixel))).toBe(2 * 4 * 4 * 32);
  });

  it("lets a tile see as far as the stage's own convolutions reach", () => {
    // Bicubic, head, way down and one block; a block at ×1; the way up and a block at ×2; blocks at ×2; the output.
    expect(stages.map(({ radius }) => radius)).toEqual([6, 2, 2, 2, 4, 1, 1, 1, 2]);
  });

  it("computes the kept copies of the way down again where that is cheap, and keeps them where it is not", () => {
    expect(stages.filter(({ reads }) => reads.includes("input"))).toHaveLength(3);
    const tiny = inferencePlan(networkGraph(preset("drn-tiny", 4)));
    expect(tiny.stages[0].makes).toContain("down.0.dual_module.1");
    expect(tiny.stages[2].reads).toContain("down.0.dual_module.1");
    expect(tiny.stages[1].frees).not.toContain("down.0.dual_module.1");
  });

  it("takes a network without attention in one stage", () => {
    const plain = {
      ...graph,
      nodes: graph.nodes.filter(({ name }) => ["upsample", "sub_mean", "head"].includes(name)),
      outputs: [{ node: "head", scale: 4 }],
    };
    expect(inferencePlan(plain).stages).toMatchObject([{ reads: ["input"], makes: ["head"], means: [], radius: 2 }]);
  });

  it("counts the activations that live at the same time", () => {
    // At the pixel shuffle: 128 channels at ×2 and 32 at ×4; besides the image, the head at ×4 and the block at ×2.
    expect(whole.tileBytesPerPixel).toBe(4 * (4 * 128 + 16 * 32 + 3 + 16 * 8));
  });
});
