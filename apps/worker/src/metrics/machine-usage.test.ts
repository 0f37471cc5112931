import { expect, it } from "vitest";
import { MachineUsage, shareBetween } from "./machine-usage.ts";

it("tells the share of the processors between two questions", () => {
  expect(shareBetween({ busyMs: 100, totalMs: 1000 }, { busyMs: 250, totalMs: 1200 })).toBeCloseTo(0.75);
  expect(shareBetween({ busyMs: 100, totalMs: 1000 }, { busyMs: 100, totalMs: 1000 })).toBe(0);
});

it("measures this machine", async () => {
  const usage = await new MachineUsage(false).read();
  expect(usage.gpus).toEqual([]);
  expect(usage.memoryUsedBytes).toBeGreaterThan(10_000_000);
  expect(usage.memoryUsedBytes).toBeLessThan(usage.memoryTotalBytes);
});
