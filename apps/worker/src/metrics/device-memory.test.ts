import { expect, it } from "vitest";
import { parseDeviceMemory } from "./device-memory.ts";

it("reads what nvidia-smi says of each GPU, and leaves out what has no number", () => {
  const csv = [
    "0, GPU-5d1f8f4c-6c1e-0d6b-7f3a-0f3f0c7d2b11, 1024, 81559",
    "1, GPU-0a2b8f4c-6c1e-0d6b-7f3a-0f3f0c7d2b12, [N/A], [N/A]",
    "2, MIG-0a2b8f4c, 0, 40960",
    "",
  ].join("\n");
  expect(parseDeviceMemory(csv)).toEqual([
    { index: "0", uuid: "GPU-5d1f8f4c-6c1e-0d6b-7f3a-0f3f0c7d2b11", usedBytes: 1073741824, totalBytes: 85520809984 },
    { index: "2", uuid: "MIG-0a2b8f4c", usedBytes: 0, totalBytes: 42949672960 },
  ]);
  expect(parseDeviceMemory("No devices were found\n")).toEqual([]);
});
