import { describe, expect, it } from "vitest";
import { pairFiles } from "./pair-files.ts";

const files = (...names: string[]) => names.map((name) => ({ name, path: `/inputs/${name}` }));
const pairsOf = (...names: string[]) =>
  pairFiles(files(...names), 4).images.map(({ name, hr, lr }) => {
    expect(hr?.name).toBe(name);
    return `${name} ${lr?.name}`;
  });

describe("pairFiles (field case 25)", () => {
  it("pairs by folders that name their side, whatever the extension", () => {
    expect(pairsOf("HR/1.png", "HR/2.png", "LR/2.jpg", "LR/1.png")).toEqual(["HR/1.png LR/1.png", "HR/2.png LR/2.jpg"]);
    expect(pairsOf("set5/GTmod/a.png", "set5/gt/a.png", "set5/LRx4/a.png")).toEqual(["set5/gt/a.png set5/LRx4/a.png"]);
  });

  it("pairs DIV2K's folders and names", () => {
    expect(
      pairsOf(
        "DIV2K_train_HR/0001.png",
        "DIV2K_train_HR/0002.png",
        "DIV2K_train_LR_bicubic/X4/0002x4.png",
        "DIV2K_train_LR_bicubic/X4/0001x4.png",
        "DIV2K_train_LR_bicubic/X2/0001x2.png",
      ),
    ).toEqual([
      "DIV2K_train_HR/0001.png DIV2K_train_LR_bicubic/X4/0001x4.png",
      "DIV2K_train_HR/0002.png DIV2K_train_LR_bicubic/X4/0002x4.png",
    ]);
  });

  it("tells sides by the scale in the name where no folder does, and keeps other folders apart", () => {
    expect(pairsOf("day/1.png", "day/1x4.png", "night/1x4.png", "night/1.png")).toEqual([
      "day/1.png day/1x4.png",
      "night/1.png night/1x4.png",
    ]);
  });

  it("names what has no partner with both counts, and what is there twice", () => {
    const { images, badFiles, unpaired } = pairFiles(
      files("HR/1.png", "HR/2.png", "HR/3.png", "LR/1x4.png", "LR/9.png", "HR/3.jpg", "LR/3.png"),
      4,
    );
    expect(images.map(({ name }) => name)).toEqual(["HR/1.png"]);
    expect(badFiles.map(({ file, code }) => [file, code])).toEqual([
      ["HR/2.png", "UNPAIRED"],
      ["LR/9.png", "UNPAIRED"],
      ["HR/3.png", "AMBIGUOUS_PAIR"],
      ["HR/3.jpg", "AMBIGUOUS_PAIR"],
    ]);
    expect(unpaired).toMatch(/4 HR and 3 LR images do not pair up \(HR without LR: 2; LR without HR: 9\)/);
  });
});
