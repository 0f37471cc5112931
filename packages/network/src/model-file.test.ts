import { describe, expect, it } from "vitest";
import { importPytorch } from "./architectures/import-pytorch.ts";
import { prunableGroups } from "./channel-groups.ts";
import { createModel } from "./create-model.ts";
import type { Model } from "./graph.ts";
import { decodeModel, encodeModel } from "./model-file.ts";
import type { NetworkErrorCode } from "./network-error.ts";
import { readSafetensors, type SafeTensor, type SafetensorsFile, writeSafetensors } from "./safetensors.ts";
import { removeChannels } from "./surgery.ts";

const whole = createModel({ scale: 4, blocks: 2, features: 4, seed: 7 });

/** Two channels of the second block's inner group are gone. */
function prunedModel(): Model {
  const group = prunableGroups(whole.primal.graph)[3];
  return { ...whole, primal: removeChannels(whole.primal, group, [2, 5]) };
}

function expectRefused(run: () => unknown, code: NetworkErrorCode, message: RegExp): void {
  expect(run).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
}

/** The file of `whole` after a change. */
function changed(change: (file: SafetensorsFile) => void): Uint8Array {
  const file = readSafetensors(encodeModel(whole));
  change(file);
  return writeSafetensors(file.tensors, file.metadata);
}

describe("a model file", () => {
  it("holds topology, weights and widths: it loads with no other knowledge (field case 36)", () => {
    const pruned = prunedModel();
    expect(decodeModel(encodeModel(pruned))).toEqual(pruned);
  });

  it("has PyTorch's names and the caller's metadata", () => {
    const { tensors, metadata } = readSafetensors(encodeModel(whole, { note: "from a test" }));
    expect(metadata.note).toBe("from a test");
    expect(tensors.get("net.up_blocks.0.0.body.0.weight")?.shape).toEqual([16, 16, 3, 3]);
    expect(tensors.get("dual.1.dual_module.0.0.weight")?.shape).toEqual([4, 3, 3, 3]);
  });

  it("is refused as the base architecture once it is pruned, with the first difference (field case 36)", () => {
    expectRefused(
      () => importPytorch(encodeModel(prunedModel())),
      "ARCHITECTURE_MISMATCH",
      /"drn scale=4 blocks=2 features=4": the tensor "up_blocks\.0\.1\.body\.0\.weight" has the shape \[14,16,3,3\], expected \[16,16,3,3\]/,
    );
    const widened = changed(({ metadata }) => {
      metadata.graph = JSON.stringify(prunedModel().primal.graph);
    });
    expectRefused(() => decodeModel(widened), "ARCHITECTURE_MISMATCH", /has the shape \[16,16,3,3\], expected \[14,/);
  });

  it.each<[string, (file: SafetensorsFile) => void, NetworkErrorCode, RegExp]>([
    ["without a graph", ({ metadata }) => delete metadata.graph, "ARCHITECTURE_MISMATCH", /no network graph.*import/],
    ["of another format", ({ metadata }) => delete metadata.format, "ARCHITECTURE_MISMATCH", /no network graph/],
    [
      "whose graph is not JSON",
      ({ metadata }) => {
        metadata.graph = "{";
      },
      "GRAPH_INVALID",
      /graph is not JSON/,
    ],
    [
      "whose graph is null",
      ({ metadata }) => {
        metadata.graph = "null";
      },
      "GRAPH_INVALID",
      /graph\.format/,
    ],
    [
      "whose duals are no list",
      ({ metadata }) => {
        metadata.duals = "{}";
      },
      "GRAPH_INVALID",
      /duals is not a list/,
    ],
    [
      "with fewer dual graphs",
      ({ metadata }) => {
        metadata.duals = "[]";
      },
      "ARCHITECTURE_MISMATCH",
      /"dual\.0\.dual_module\.0\.0\.weight" belongs to none/,
    ],
    [
      "without a tensor",
      ({ tensors }) => tensors.delete("net.tail.1.bias"),
      "ARCHITECTURE_MISMATCH",
      /"tail\.1\.bias" of shape \[3\] is missing/,
    ],
    [
      "with one more",
      ({ tensors }) => tensors.set("net.extra", { dtype: "F32", shape: [1], data: new Float32Array(1) }),
      "ARCHITECTURE_MISMATCH",
      /"extra" does not belong/,
    ],
    [
      "with bytes for weights",
      ({ tensors }) => tensors.set("net.head.bias", { dtype: "U8", shape: [4], data: new Uint8Array(4) }),
      "SAFETENSORS_INVALID",
      /"net\.head\.bias" is U8/,
    ],
    [
      "with NaN",
      ({ tensors }) => {
        (tensors.get("net.head.bias") as SafeTensor).data[2] = Number.NaN;
      },
      "SAFETENSORS_INVALID",
      /Value 2 of the tensor "net\.head\.bias" is NaN/,
    ],
  ])("is refused %s", (_, change, code, message) => {
    expectRefused(() => decodeModel(changed(change)), code, message);
  });
});
