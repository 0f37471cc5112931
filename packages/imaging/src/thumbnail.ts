import sharp from "sharp";

/** A small PNG file of an image file, no side longer than `side` pixels; one that is smaller already keeps its size. */
export async function thumbnailPng(file: Buffer, side: number): Promise<Buffer> {
  return sharp(file, { limitInputPixels: false })
    .resize({ width: side, height: side, fit: "inside", withoutEnlargement: true })
    .png()
    .toBuffer();
}
