import { expect, it } from "vitest";
import { parseGpus } from "./gpus.ts";

it("reads what nvidia-smi says of each GPU, and leaves out what has no number", () => {
  const csv = [
    "0, GPU-5d1f8f4c-6c1e-0d6b-7f3a-0f3f0c7d2b11, 87, 1024, 81559",
    "1, GPU-0a2b8f4c-6c1e-0d6b-7f3a-0f3f0c7d2b12, 3, [N/A], [N/A]",
    "2, MIG-0a2b8f4c, [N/A], 0, 40960",
    "",
  ].join("\n");
  expect(parseGpus(csv)).toEqual([
    {
      index: "0",
      uuid: "GPU-5d1f8f4c-6c1e-0d6b-7f3a-0f3f0c7d2b11",
      busyShare: 0.87,
      usedBytes: 1073741824,
      totalBytes: 85520809984,
    },
    { index: "2", uuid: "MIG-0a2b8f4c", busyShare: null, usedBytes: 0, totalBytes: 42949672960 },
  ]);
  expect(parseGpus("No devices were found\n")).toEqual([]);
});
