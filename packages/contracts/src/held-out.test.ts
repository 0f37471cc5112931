import { describe, expect, it } from "vitest";
import { heldOutRows } from "./held-out.ts";

describe("heldOutRows", () => {
  it("is a share of the rows, rounded, and at least 8", () => {
    expect([100, 104, 106, 339].map((height) => heldOutRows(height, 0.1))).toEqual([10, 10, 11, 34]);
    expect([32, 50, 80].map((height) => heldOutRows(height, 0.1))).toEqual([8, 8, 8]);
  });

  it("is nothing where a default patch has no room above them", () => {
    expect([16, 31, 32].map((height) => heldOutRows(height, 0.1))).toEqual([0, 0, 8]);
    expect([47, 48].map((height) => heldOutRows(height, 0.5))).toEqual([0, 24]);
  });
});
