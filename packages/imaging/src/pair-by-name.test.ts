import { describe, expect, it } from "vitest";
import { describeUnpaired, pairByName } from "./pair-by-name.ts";

const named = (...keys: string[]) => keys.map((key) => ({ key }));
const pairsOf = (hr: string[], lr: string[]) =>
  pairByName(named(...hr), named(...lr), 4).pairs.map((pair) => `${pair.hr.key} ${pair.lr.key}`);

describe("pairByName (field case 25)", () => {
  it("pairs DIV2K's naming and equal names by rule, not by order", () => {
    expect(pairsOf(["0001", "0002", "b"], ["b", "0002x4", "0001x4"])).toEqual(["0001 0001x4", "0002 0002x4", "b b"]);
  });

  it("takes a name that ends in x4 as it is where only that HR image is there", () => {
    expect(pairsOf(["boxx4"], ["boxx4"])).toEqual(["boxx4 boxx4"]);
    expect(pairsOf(["boxx4", "box"], ["boxx4x4", "boxx4"])).toEqual(["boxx4 boxx4x4", "box boxx4"]);
  });

  it("leaves what has no partner on its side, another scale among it", () => {
    const pairing = pairByName(named("1", "2", "3"), named("1x4", "2x2", "9x4"), 4);
    expect([pairing.pairs.length, pairing.hrAlone, pairing.lrAlone]).toEqual([1, named("2", "3"), named("2x2", "9x4")]);
    expect(describeUnpaired(pairing, 4)).toBe(
      "3 HR and 3 LR images do not pair up (HR without LR: 2, 3; LR without HR: 2x2, 9x4); " +
        "name the LR image of NAME.png NAMEx4.png or NAME.png",
    );
  });

  it("pairs none of several images that claim one place", () => {
    const pairing = pairByName(named("a", "a", "b"), named("b", "bx4", "ax4"), 4);
    expect(pairing.pairs).toEqual([]);
    expect(pairing.rivals).toEqual([named("a", "a"), named("b", "bx4")]);
  });

  it("names the first ten of many", () => {
    const many = Array.from({ length: 25 }, (_, i) => ({ key: `image${String(i).padStart(2, "0")}` }));
    expect(describeUnpaired(pairByName(many, named("other"), 4), 4)).toMatch(
      /25 HR and 1 LR .*image00, .*image09 and 15 more; LR without HR: other\)/,
    );
  });
});
