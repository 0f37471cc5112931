import { expect, it } from "vitest";
import { distanceSums } from "./fpgm.ts";

it("sums the distances of a channel's weights from the others'", () => {
  const sums = distanceSums([Float64Array.of(0, 0), Float64Array.of(3, 4), Float64Array.of(6, 8)]);
  expect(sums).toEqual([15, 10, 15]);
});
