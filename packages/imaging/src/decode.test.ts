import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pattern } from "../test/patterns.ts";
import { PNG_SIGNATURE, pngChunk, pngFile, pngHeader, wideRow } from "../test/png-file.ts";
import { decodeImage } from "./decode.ts";
import { encodePng } from "./encode.ts";
import { ImageError, type ImageErrorCode } from "./image-error.ts";
import { createImage, type RgbImage } from "./rgb-image.ts";

const photo = pattern(48, 32);
const encoder = (image: RgbImage) =>
  sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });

async function refusal(
  source: Buffer | string,
  options?: Parameters<typeof decodeImage>[1],
): Promise<[ImageErrorCode, string]> {
  const error = await decodeImage(source, options).then(
    () => new Error("decoded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  return [(error as ImageError).code, (error as ImageError).message];
}

describe("bit depths (field case 17)", () => {
  it("reduces a 16-bit gray PNG by round(v/257) and says so", async () => {
    const file = pngFile({
      width: 5,
      height: 1,
      bitDepth: 16,
      colourType: 0,
      rows: [wideRow(0, 0x1234, 0x12ff, 0x8080, 65535)],
    });
    const { image, notes } = await decodeImage(file);
    // 0x12ff is 18.92 of 257: taking the high byte would give 18.
    expect(Array.from(image.data)).toEqual([0, 18, 19, 128, 255].flatMap((v) => [v, v, v]));
    expect(notes).toEqual(["BIT_DEPTH_REDUCED"]);
  });

  it("reduces every 16-bit value exactly", async () => {
    const rows = Array.from({ length: 256 }, (_, y) => wideRow(...Array.from({ length: 256 }, (_, x) => 256 * y + x)));
    const { image } = await decodeImage(pngFile({ width: 256, height: 256, bitDepth: 16, colourType: 0, rows }));
    const wrong = Array.from({ length: 65536 }, (_, v) => v).filter((v) => image.data[3 * v] !== Math.round(v / 257));
    expect(wrong).toEqual([]);
  });

  it("reduces 16-bit RGB and its alpha", async () => {
    const rows = [wideRow(257 * 10, 257 * 20 + 128, 257 * 30 + 129, 257 * 40)];
    const { image, alpha, notes } = await decodeImage(
      pngFile({ width: 1, height: 1, bitDepth: 16, colourType: 6, rows }),
    );
    expect([...image.data, ...(alpha ?? [])]).toEqual([10, 20, 31, 40]);
    expect(notes).toEqual(["BIT_DEPTH_REDUCED"]);
  });

  it("reduces a 16-bit TIFF and says so", async () => {
    const samples = Uint16Array.from([0, 0x12ff, 65535]);
    const file = await sharp(samples, { raw: { width: 1, height: 1, channels: 3 } })
      .toColourspace("rgb16")
      .tiff({ compression: "none" })
      .toBuffer();
    const { image, notes } = await decodeImage(file);
    expect([Array.from(image.data), notes]).toEqual([[0, 19, 255], ["BIT_DEPTH_REDUCED"]]);
  });

  it.each([
    [1, [0b01011010], [0, 255, 0, 255, 255, 0, 255, 0]],
    [2, [0b00011011, 0b11100100], [0, 85, 170, 255, 255, 170, 85, 0]],
    [4, [0x01, 0x23, 0x45, 0xf8], [0, 17, 34, 51, 68, 85, 255, 136]],
  ] as const)("expands %d-bit gray to 0..255 without a note", async (bitDepth, row, expected) => {
    const { image, notes } = await decodeImage(
      pngFile({ width: 8, height: 1, bitDepth, colourType: 0, rows: [[...row]] }),
    );
    expect(Array.from(image.data.filter((_, i) => i % 3 === 0))).toEqual(expected);
    expect(notes).toEqual([]);
  });
});

describe("channels (field case 19)", () => {
  it("makes gray three equal channels, with or without alpha", async () => {
    const gray = await decodeImage(pngFile({ width: 2, height: 1, bitDepth: 8, colourType: 0, rows: [[7, 200]] }));
    expect([Array.from(gray.image.data), gray.alpha]).toEqual([[7, 7, 7, 200, 200, 200], undefined]);
    const both = await decodeImage(
      pngFile({ width: 2, height: 1, bitDepth: 8, colourType: 4, rows: [[7, 0, 200, 90]] }),
    );
    expect([Array.from(both.image.data), Array.from(both.alpha ?? [])]).toEqual([
      [7, 7, 7, 200, 200, 200],
      [0, 90],
    ]);
  });

  it("gives alpha beside the image and leaves the RGB under it as stored", async () => {
    const rows = [[250, 10, 30, 0, 1, 2, 3, 128]];
    const { image, alpha, notes } = await decodeImage(
      pngFile({ width: 2, height: 1, bitDepth: 8, colourType: 6, rows }),
    );
    expect(Array.from(image.data)).toEqual([250, 10, 30, 1, 2, 3]);
    expect(Array.from(alpha ?? [])).toEqual([0, 128]);
    expect(notes).toEqual([]);
  });

  it("expands palettes, and their transparency into alpha", async () => {
    const palette: [string, Buffer] = ["PLTE", Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255])];
    const parts = { width: 3, height: 1, bitDepth: 8 as const, colourType: 3, rows: [[2, 0, 1]] };
    const opaque = await decodeImage(pngFile({ ...parts, chunks: [palette] }));
    expect([Array.from(opaque.image.data), opaque.alpha]).toEqual([[0, 0, 255, 255, 0, 0, 0, 255, 0], undefined]);
    const clear = await decodeImage(pngFile({ ...parts, chunks: [palette, ["tRNS", Buffer.from([10, 20])]] }));
    expect([clear.image.data, Array.from(clear.alpha ?? [])]).toEqual([opaque.image.data, [255, 10, 20]]);
  });

  it("converts a CMYK JPEG to sRGB, the right way round, and says so", async () => {
    const dark = createImage(
      16,
      16,
      new Uint8Array(768).map((_, i) => [200, 30, 30][i % 3] as number),
    );
    const file = await encoder(dark).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    const { image, notes } = await decodeImage(file);
    expect(notes).toEqual(["CMYK_CONVERTED"]);
    const [red, green, blue] = image.data as unknown as [number, number, number];
    expect(red).toBeGreaterThan(150);
    expect(Math.max(green, blue)).toBeLessThan(90);
  });

  it("keeps pixels as stored where a colour profile is embedded, and says so", async () => {
    const file = await encoder(photo).withIccProfile("p3").png().toBuffer();
    const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
    const { image, notes } = await decodeImage(file);
    expect(notes).toEqual(["COLOUR_PROFILE_IGNORED"]);
    expect(Buffer.from(image.data).equals(stored)).toBe(true);
  });
});

describe("formats by content, not by name (field case 20)", () => {
  const html = Buffer.from("<!DOCTYPE html>\n<html><body>404 Not Found</body></html>");
  const svg = Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');

  it.each([
    ["HTML", html],
    ["SVG", svg],
    ["SVG", Buffer.concat([Buffer.from("efbbbf", "hex"), Buffer.from("  <svg/>")])],
    ["PDF", Buffer.from("%PDF-1.7\n1 0 obj")],
    ["BMP", Buffer.concat([Buffer.from("BM"), Buffer.alloc(60)])],
    ["HEIF or AVIF", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic")],
    ["ZIP", Buffer.from("PK\x03\x04rest")],
    ["no known image format", Buffer.from("just a line of text\n")],
  ])("refuses %s named evil.png", async (what, content) => {
    const [code, message] = await refusal(content, { name: "evil.png" });
    expect(code).toBe("UNSUPPORTED_FORMAT");
    expect(message).toContain(`evil.png: the content is ${what}`);
  });

  it.each(["webp", "tiff", "gif"] as const)(
    "takes %s under its own name and refuses it named evil.png",
    async (format) => {
      const file = await encoder(photo).toFormat(format).toBuffer();
      const [code, message] = await refusal(file, { name: "evil.png" });
      expect(code).toBe("UNSUPPORTED_FORMAT");
      expect(message).toMatch(/though the name says png/);
      const { image } = await decodeImage(file, { name: `photo.${format}` });
      expect([image.width, image.height]).toEqual([48, 32]);
    },
  );

  it("reads PNG named .jpg, JPEG named .png, and names in capitals", async () => {
    const png = await encodePng(photo);
    expect((await decodeImage(png, { name: "photo.jpg" })).image).toEqual(photo);
    expect((await decodeImage(png, { name: "PHOTO.PNG" })).image).toEqual(photo);
    const jpeg = await encoder(photo).jpeg().toBuffer();
    expect((await decodeImage(jpeg, { name: "photo.png" })).image.width).toBe(48);
  });

  it("keeps lossless WebP and TIFF pixel for pixel", async () => {
    expect((await decodeImage(await encoder(photo).webp({ lossless: true }).toBuffer())).image).toEqual(photo);
    expect((await decodeImage(await encoder(photo).tiff({ compression: "lzw" }).toBuffer())).image).toEqual(photo);
  });
});

describe("orientation and frames", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("applies EXIF orientation %d", async (orientation) => {
    // Four flat quarters survive JPEG; A B over C D as stored.
    const colours = [
      [220, 40, 40],
      [40, 220, 40],
      [40, 40, 220],
      [200, 200, 200],
    ] as const;
    const stored = createImage(32, 16);
    for (let i = 0; i < stored.data.length; i++) {
      const [x, y] = [Math.floor(i / 3) % 32, Math.floor(i / 96)];
      stored.data[i] = colours[(y >= 8 ? 2 : 0) + (x >= 16 ? 1 : 0)]?.[i % 3] as number;
    }
    const file = await encoder(stored).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const { image, notes } = await decodeImage(file);
    expect([image.width, image.height]).toEqual(orientation < 5 ? [32, 16] : [16, 32]);
    const at = (x: number, y: number) =>
      Array.from(image.data.subarray(3 * (y * image.width + x), 3 * (y * image.width + x) + 3));
    const corners = [at(3, 3), at(image.width - 4, 3), at(3, image.height - 4), at(image.width - 4, image.height - 4)];
    const nearest = corners.map((pixel) => {
      const distances = colours.map((colour) => colour.reduce((sum, value, i) => sum + Math.abs(value - pixel[i]), 0));
      return "ABCD"[distances.indexOf(Math.min(...distances))];
    });
    const upright = ["ABCD", "BADC", "DCBA", "CDAB", "ACBD", "CADB", "DBCA", "BDAC"][orientation - 1];
    expect(nearest.join("")).toBe(upright);
    expect(notes.includes("ORIENTATION_APPLIED")).toBe(orientation !== 1);
  });

  it("takes the first frame of an animation and says so", async () => {
    const frames = [pattern(20, 10), createImage(20, 10)].map((image) => Buffer.from(image.data));
    const file = await sharp(Buffer.concat(frames), { raw: { width: 20, height: 20, channels: 3, pageHeight: 10 } })
      .webp({ lossless: true })
      .toBuffer();
    const { image, notes } = await decodeImage(file);
    expect(notes).toEqual(["FIRST_FRAME_ONLY"]);
    expect(image).toEqual(pattern(20, 10));
  });
});

describe("damaged files", () => {
  it("refuses PNG and JPEG cut anywhere, naming the file", async () => {
    const files = { png: await encodePng(photo), jpeg: await encoder(photo).jpeg().toBuffer() };
    for (const file of Object.values(files)) {
      for (const share of [0.1, 0.5, 0.9]) {
        const cut = file.subarray(0, Math.floor(share * file.length));
        const [code, message] = await refusal(cut, { name: "cut.file" });
        expect([code, message.startsWith("cut.file: ")]).toEqual(["CORRUPT", true]);
      }
    }
  });

  it.each(["IHDR", "IDAT"])("refuses a PNG whose %s has a flipped bit", async (type) => {
    const file = await encodePng(photo);
    const at = file.indexOf(type) + 7;
    file[at] = file[at] ^ 1;
    expect((await refusal(file))[0]).toBe("CORRUPT");
  });

  it("refuses a PNG with fewer rows than it declares, one without its palette, one of an unknown colour type", async () => {
    const rows = Array.from({ length: 20 }, () => Array.from({ length: 48 * 3 }, (_, i) => i));
    const short = { width: 48, height: 48, bitDepth: 8 as const, colourType: 2, rows };
    const noPalette = { width: 2, height: 1, bitDepth: 8 as const, colourType: 3, rows: [[0, 1]] };
    const noSuchType = { width: 1, height: 1, bitDepth: 8 as const, colourType: 5, rows: [[0, 1, 2]] };
    for (const parts of [short, noPalette, noSuchType]) expect((await refusal(pngFile(parts)))[0]).toBe("CORRUPT");
  });

  it("refuses an empty file", async () => {
    expect(await refusal(Buffer.alloc(0), { name: "zero.png" })).toEqual(["EMPTY", "zero.png: the file is empty"]);
  });

  it("ignores bytes after the end of a PNG", async () => {
    const file = Buffer.concat([await encodePng(photo), Buffer.from("PK\x03\x04 something else")]);
    expect((await decodeImage(file)).image).toEqual(photo);
  });
});

describe("limits", () => {
  it.each([
    [50_000, 50_000],
    [12_801, 10_000],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ])("refuses a PNG that declares %d×%d, from its header", async (width, height) => {
    const bomb = Buffer.concat([
      PNG_SIGNATURE,
      pngChunk("IHDR", pngHeader(width, height, 8, 2)),
      pngChunk("IDAT", deflateSync(Buffer.alloc(100))),
      pngChunk("IEND", Buffer.alloc(0)),
    ]);
    const [code, message] = await refusal(bomb);
    expect(code).toBe("TOO_LARGE");
    expect(message).toContain(
      `${width}×${height} are ${(width * height).toLocaleString("en")} pixels, the limit is 128,000,000`,
    );
  });

  it("keeps to limits that are given, up to the very value", async () => {
    const file = await encodePng(photo);
    expect((await refusal(file, { maxPixels: 48 * 32 - 1 }))[0]).toBe("TOO_LARGE");
    expect((await decodeImage(file, { maxPixels: 48 * 32, maxBytes: file.length })).image).toEqual(photo);
    const [code, message] = await refusal(file, { maxBytes: file.length - 1, name: "photo.png" });
    expect([code, message]).toEqual([
      "TOO_LARGE",
      `photo.png: the file has ${file.length} bytes, the limit is ${file.length - 1}`,
    ]);
  });
});

describe("paths", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "imaging-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(["name with spaces.png", "имя-図像-é.png", ".dot.png", "-dash.png", "quote'\"$(id);&.png", "new\nline.png"])(
    "reads %j: a name is only a name",
    async (name) => {
      writeFileSync(join(folder, name), await encodePng(photo));
      expect((await decodeImage(join(folder, name))).image).toEqual(photo);
    },
  );

  it("reads what is in the file now, whatever was read before", async () => {
    const path = join(folder, "changing.png");
    for (const image of [photo, createImage(48, 32), pattern(20, 30)]) {
      // An interlaced file is one that libvips would keep.
      writeFileSync(path, await encoder(image).png({ progressive: true }).toBuffer());
      expect((await decodeImage(path)).image).toEqual(image);
    }
  });

  it("keeps its messages to one line", async () => {
    expect(await refusal(Buffer.alloc(0), { name: "new\nline.png" })).toEqual([
      "EMPTY",
      "new?line.png: the file is empty",
    ]);
  });

  it("refuses what is missing, a folder, and a pipe, without waiting for a writer", async () => {
    const pipe = join(folder, "pipe.png");
    execFileSync("mkfifo", [pipe]);
    expect(await refusal(join(folder, "missing.png"))).toEqual(["NOT_A_FILE", expect.stringContaining("ENOENT")]);
    expect((await refusal(folder))[0]).toBe("NOT_A_FILE");
    expect((await refusal(pipe))[0]).toBe("NOT_A_FILE");
  });

  it("keeps to the byte limit and to the file's own name", async () => {
    const path = join(folder, "photo.png");
    writeFileSync(path, await encodePng(photo));
    expect((await refusal(path, { maxBytes: 20 }))[0]).toBe("TOO_LARGE");
    writeFileSync(path, await encoder(photo).webp().toBuffer());
    expect(await refusal(path)).toEqual(["UNSUPPORTED_FORMAT", expect.stringContaining("though the name says png")]);
  });
});
