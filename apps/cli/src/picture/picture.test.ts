import { createImage, type RgbImage } from "@drc/imaging";
import { describe, expect, it } from "vitest";
import { Canvas } from "./canvas.ts";
import { detailedWindow } from "./detailed-window.ts";
import { sideBySide } from "./side-by-side.ts";

/** Black but for a chequered square of `size` at (`x`, `y`). */
function chequered(width: number, height: number, x: number, y: number, size: number): RgbImage {
  const image = createImage(width, height);
  for (let row = y; row < y + size; row++) {
    for (let column = x; column < x + size; column++) {
      if ((row + column) % 2 === 0) image.data.fill(255, 3 * (row * width + column), 3 * (row * width + column) + 3);
    }
  }
  return image;
}

function pixel(image: RgbImage, x: number, y: number): number[] {
  return [...image.data.subarray(3 * (y * image.width + x), 3 * (y * image.width + x) + 3)];
}

describe("Canvas", () => {
  it("draws text as pixels of the font", () => {
    const canvas = new Canvas(6, 8, [255, 255, 255]);
    canvas.text("T", 0, 0, 1, [0, 0, 0]);
    const rows = Array.from({ length: 7 }, (_, y) =>
      Array.from({ length: 5 }, (_, x) => (pixel(canvas.image, x, y)[0] === 0 ? "#" : ".")).join(""),
    );
    expect(rows).toEqual(["#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."]);
  });

  it("cuts off what lies outside", () => {
    const canvas = new Canvas(4, 4, [9, 9, 9]);
    canvas.text("M", -3, -3, 2, [0, 0, 0]);
    canvas.paste(createImage(8, 8), 2, 2, 1);
    expect(pixel(canvas.image, 3, 3)).toEqual([0, 0, 0]);
  });
});

describe("detailedWindow", () => {
  it("finds the window with the most detail", () => {
    expect(detailedWindow(chequered(160, 120, 80, 40, 32), 32)).toEqual({ x: 80, y: 40 });
  });
});

describe("sideBySide", () => {
  it("shows the same window of each image", () => {
    const hr = chequered(200, 200, 64, 32, 128);
    const grey = createImage(200, 200, new Uint8Array(200 * 200 * 3).fill(77));
    const picture = sideBySide([
      {
        title: "scene",
        cells: [
          { label: "a", image: grey },
          { label: "HR", image: hr },
        ],
      },
    ]);
    expect(picture.width).toBe(12 + 2 * (256 + 12));
    expect(pixel(picture, 12 + 5, 12 + 24 + 5)).toEqual([77, 77, 77]);
    expect(pixel(picture, 12 + 268, 12 + 24)).toEqual([255, 255, 255]);
    expect(pixel(picture, 12 + 268 + 2, 12 + 24)).toEqual([0, 0, 0]);
  });
});
