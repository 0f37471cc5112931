import { describe, expect, it } from "vitest";
import { splitImages } from "./split-images.ts";

const images = Array.from({ length: 20 }, (_, i) => ({ name: `${i}.png`, hr: "", lrs: [""] }));

describe("splitImages", () => {
  it("holds out the share, disjoint from the rest", () => {
    const { training, validation } = splitImages(images, 0.1);
    expect(validation).toHaveLength(2);
    expect([...training, ...validation].map(({ name }) => name).sort()).toEqual(images.map(({ name }) => name).sort());
  });

  it("chooses by name, whatever the order", () => {
    const names = (list: typeof images) =>
      splitImages(list, 0.3)
        .validation.map(({ name }) => name)
        .sort();
    expect(names([...images].reverse())).toEqual(names(images));
  });

  it("holds out one of two, and none of one", () => {
    expect(splitImages(images.slice(0, 2), 0.1).validation).toHaveLength(1);
    expect(splitImages(images.slice(0, 1), 0.5).validation).toHaveLength(0);
  });
});
