import { describe, expect, it } from "vitest";
import { rankByName, splitByName } from "./split-by-name.ts";

const images = (count: number, prefix = "") => Array.from({ length: count }, (_, i) => ({ name: `${prefix}${i}.png` }));
const names = (list: { name: string }[]) => list.map(({ name }) => name).sort();
const heldOut = (list: ReturnType<typeof images>, share: number) => names(splitByName(list, share).validation);

describe("splitByName", () => {
  it("holds out about the share, disjoint from the rest", () => {
    const { training, validation } = splitByName(images(2000), 0.1);
    // 200 are expected, with a standard deviation of 13.
    expect(Math.abs(validation.length - 200)).toBeLessThan(40);
    expect(names([...training, ...validation])).toEqual(names(images(2000)));
  });

  it("chooses by name, whatever the order", () => {
    expect(heldOut(images(40).reverse(), 0.3)).toEqual(heldOut(images(40), 0.3));
  });

  it("moves no image when others are added or taken away", () => {
    const before = images(60);
    const after = [...images(40, "new-"), ...before.slice(0, 50)];
    const kept = new Set(names(before.slice(0, 50)));
    expect(heldOut(after, 0.2).filter((name) => kept.has(name))).toEqual(
      heldOut(before, 0.2).filter((name) => kept.has(name)),
    );
  });

  it("moves no image into training when the share grows", () => {
    expect(heldOut(images(60), 0.4)).toEqual(expect.arrayContaining(heldOut(images(60), 0.2)));
  });

  it("holds out one where no name is below the share, trains on one where all are, and keeps a single one", () => {
    for (let count = 2; count < 8; count++) {
      expect(heldOut(images(count), 1e-9)).toHaveLength(1);
      expect(splitByName(images(count), 1).training).toHaveLength(1);
    }
    expect(heldOut(images(1), 0.5)).toEqual([]);
  });

  it("keeps the order of the images", () => {
    const { training, validation } = splitByName(images(60), 0.3);
    for (const part of [training, validation])
      expect(part).toEqual(images(60).filter((image) => names(part).includes(image.name)));
  });
});

it("ranks by SHA-256", () => {
  // As `printf 6.png | sha256sum` gives: 08c9…, then 0f25…, 1752…, 2f00…
  expect(
    rankByName(images(10))
      .map(({ name }) => name)
      .slice(0, 4),
  ).toEqual(["6.png", "0.png", "8.png", "7.png"]);
  // 0x17 / 256 is below 0.1, 0x2f / 256 is not.
  expect(heldOut(images(10), 0.1)).toEqual(["0.png", "6.png", "8.png"]);
});
