import { describe, expect, it } from "vitest";
import { slotList, withThreads } from "./slots.ts";

describe("slotList", () => {
  it("reads counts and GPU ids", () => {
    expect(slotList.parse("none:2, cpu,gpu:0,gpu:GPU-1f2e").map(({ name, gpuId }) => [name, gpuId])).toEqual([
      ["none-0", undefined],
      ["none-1", undefined],
      ["cpu-0", undefined],
      ["gpu-0", "0"],
      ["gpu-GPU-1f2e", "GPU-1f2e"],
    ]);
  });

  it.each(["", "tpu:1", "cpu:0", "gpu", "cpu:x", "cpu,,none"])("refuses %j and says what to write", (text) => {
    expect(slotList.safeParse(text).error?.issues[0].message).toMatch(/none:COUNT, cpu:COUNT or gpu:ID/);
  });

  it("gives a GPU to one slot only", () => {
    expect(slotList.safeParse("gpu:0,gpu:0").error?.issues[0].message).toMatch(/GPU 0 is named twice/);
  });
});

describe("withThreads", () => {
  it("shares the cores among the slots that compute", () => {
    const threads = (text: string, cores: number) =>
      withThreads(slotList.parse(text), cores).map((slot) => slot.threads);
    expect(threads("none,cpu", 8)).toEqual([1, 8]);
    expect(threads("cpu:2,gpu:0", 8)).toEqual([2, 2, 2]);
    expect(threads("cpu:4", 2)).toEqual([1, 1, 1, 1]);
  });
});
