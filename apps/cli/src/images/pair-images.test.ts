import { describe, expect, it } from "vitest";
import { CliError } from "../cli-error.ts";
import { pairImages } from "./pair-images.ts";

const files = (...keys: string[]) => keys.map((key) => ({ key, path: `${key}.png` }));
const names = (pairs: { name: string; lrPath: string }[]) => pairs.map(({ name, lrPath }) => `${name} ${lrPath}`);

function refusal(hr: string[], lr: string[]): string {
  try {
    pairImages(files(...hr), files(...lr), 4);
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
    return (error as Error).message;
  }
  throw new Error("paired");
}

describe("pairImages (field case 25)", () => {
  it("pairs DIV2K's naming and equal names by rule, not by order", () => {
    expect(names(pairImages(files("0001", "0002", "b"), files("b", "0002x4", "0001x4"), 4))).toEqual([
      "0001 0001x4.png",
      "0002 0002x4.png",
      "b b.png",
    ]);
  });

  it("takes a name that ends in x4 as it is where the HR image has it, too", () => {
    expect(names(pairImages(files("boxx4"), files("boxx4"), 4))).toEqual(["boxx4 boxx4.png"]);
    expect(names(pairImages(files("boxx4", "box"), files("boxx4x4", "boxx4"), 4))).toEqual([
      "boxx4 boxx4x4.png",
      "box boxx4.png",
    ]);
  });

  it("names both counts and what has no partner on each side", () => {
    const message = refusal(["0001", "0002", "0003"], ["0001x4", "0009x4"]);
    expect(message).toContain("3 HR and 2 LR images do not pair up");
    expect(message).toContain("HR without LR: 0002, 0003;");
    expect(message).toContain("LR without HR: 0009x4)");
    expect(refusal(["0001"], ["0001x2"])).toContain("LR without HR: 0001x2");
  });

  it("shows the first ten of many", () => {
    const many = Array.from({ length: 25 }, (_, i) => `image${String(i).padStart(2, "0")}`);
    expect(refusal(many, ["other"])).toMatch(/image00, .*image09 and 15 more; LR without HR: other\)/);
  });

  it("refuses two LR images of one HR image", () => {
    expect(refusal(["a"], ["a", "ax4"])).toContain("a.png and ax4.png both belong to a");
  });
});
