import { expect, it } from "vitest";
import { pattern } from "../test/patterns.ts";
import { decodeImage } from "./decode.ts";
import { encodePng } from "./encode.ts";

it("writes a PNG that decodes to the same image", async () => {
  for (const [width, height] of [
    [1, 1],
    [7, 1],
    [3, 5],
    [61, 47],
  ] as const) {
    const image = pattern(width, height);
    expect(await decodeImage(await encodePng(image))).toEqual({ image, notes: [] });
  }
});

it("writes alpha beside the image, and RGB under full transparency as it is", async () => {
  const image = pattern(9, 6);
  const alpha = Uint8Array.from({ length: 54 }, (_, i) => (i % 3) * 127);
  expect(await decodeImage(await encodePng(image, alpha))).toEqual({ image, alpha, notes: [] });
});

it("refuses alpha of another size", async () => {
  await expect(encodePng(pattern(9, 6), new Uint8Array(50))).rejects.toThrow(/alpha has 50 samples/);
});
