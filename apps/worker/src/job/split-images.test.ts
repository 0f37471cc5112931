import { describe, expect, it } from "vitest";
import { splitImages } from "./split-images.ts";

const images = (count: number, prefix = "") =>
  Array.from({ length: count }, (_, i) => ({ name: `${prefix}${i}.png`, hr: "", lrs: [""] }));
const names = (list: { name: string }[]) => list.map(({ name }) => name).sort();
const heldOut = (list: ReturnType<typeof images>, share: number) => names(splitImages(list, share).validation);

describe("splitImages", () => {
  it("holds out about the share, disjoint from the rest", () => {
    const { training, validation } = splitImages(images(2000), 0.1);
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
      expect(splitImages(images(count), 1).training).toHaveLength(1);
    }
    expect(heldOut(images(1), 0.5)).toEqual([]);
  });
});
