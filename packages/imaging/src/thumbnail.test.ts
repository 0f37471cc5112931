import { expect, it } from "vitest";
import { decodeImage } from "./decode.ts";
import { encodePng } from "./encode.ts";
import { createImage } from "./rgb-image.ts";
import { thumbnailPng } from "./thumbnail.ts";

it("keeps the shape and is never larger than the image", async () => {
  const file = await encodePng(createImage(200, 100));
  const sizeOf = async (side: number) => {
    const { width, height } = (await decodeImage(await thumbnailPng(file, side))).image;
    return [width, height];
  };
  expect(await sizeOf(50)).toEqual([50, 25]);
  expect(await sizeOf(500)).toEqual([200, 100]);
});
