import { type FileHandle, open, stat } from "node:fs/promises";
import { extname } from "node:path";
import sharp, { type Sharp } from "sharp";
import { ImageError } from "./image-error.ts";
import { createImage, type RgbImage } from "./rgb-image.ts";
import { declaredPngSize, type ImageFormat, SNIFFED_BYTES, sniff } from "./sniff.ts";

/** What was done to the stored pixels beside decoding them. */
export type ImageNote =
  | "BIT_DEPTH_REDUCED"
  | "CMYK_CONVERTED"
  | "COLOUR_PROFILE_IGNORED"
  | "ORIENTATION_APPLIED"
  | "FIRST_FRAME_ONLY";

export interface DecodeOptions {
  /** The file's name, for messages and for the rule on renamed files. Default: the path, where a path is given. */
  readonly name?: string;
  /** Size limit of the file. Default 512 MiB. */
  readonly maxBytes?: number;
  /** Limit of width·height, checked before anything is decompressed. Default 128 million. */
  readonly maxPixels?: number;
}

export interface DecodedImage {
  readonly image: RgbImage;
  /** [height, width], only where the file has transparency. */
  readonly alpha?: Uint8Array;
  readonly notes: ImageNote[];
}

const DEFAULT_MAX_BYTES = 512 * 2 ** 20;
const DEFAULT_MAX_PIXELS = 128_000_000;
const FORMATS = "PNG, JPEG, WebP, TIFF or GIF";

/**
 * Decodes a file (a path, or its bytes) to 8-bit RGB.
 *
 * - The first bytes decide on the format, not the name. PNG and JPEG are read under any name; WebP, TIFF and GIF only
 *   where the name does not claim another image format. Anything else is refused, SVG, PDF and HEIF included.
 * - Gray becomes three equal channels; palettes and 1, 2 and 4 bits are expanded.
 * - 16 bits become 8 by round(v/257), which maps 0 to 0 and 65535 to 255: `BIT_DEPTH_REDUCED`.
 * - Transparency is returned beside the image; the RGB under it is what the file stores, nothing is blended.
 * - CMYK becomes sRGB by the embedded profile, or by a general one: `CMYK_CONVERTED`.
 * - Other colour profiles, PNG's gamma and pixel aspect ratios are ignored; pixel values stay as stored:
 *   `COLOUR_PROFILE_IGNORED` where there is a profile.
 * - EXIF orientation is applied: `ORIENTATION_APPLIED`.
 * - Of an animation or a file of several pages the first is taken: `FIRST_FRAME_ONLY`.
 * - A truncated or damaged file is refused; nothing is filled in.
 *
 * Throws `ImageError`: NOT_A_FILE, EMPTY, TOO_LARGE, UNSUPPORTED_FORMAT, CORRUPT.
 */
export async function decodeImage(source: Buffer | string, options: DecodeOptions = {}): Promise<DecodedImage> {
  const name = options.name ?? (typeof source === "string" ? source : undefined);
  // Messages are one line, whatever the name is.
  const label = (name ?? "image").replace(/\p{Cc}/gu, "?");
  const { maxBytes = DEFAULT_MAX_BYTES, maxPixels = DEFAULT_MAX_PIXELS } = options;
  const checkSize = (sizeBytes: number) => {
    if (sizeBytes <= maxBytes) return;
    throw new ImageError("TOO_LARGE", `${label}: the file has ${sizeBytes} bytes, the limit is ${maxBytes}`);
  };
  const detect = (head: Buffer) => {
    const format = detectFormat(head, name, label);
    // Where PNG's header declares more than the decoder can count, it says no more than that it is damaged.
    const declared = format === "png" ? declaredPngSize(head) : undefined;
    if (declared) checkPixels(declared, label, maxPixels);
    return format;
  };
  if (typeof source !== "string") {
    checkSize(source.length);
    return decodeFrom(source, detect(source), label, maxPixels);
  }
  const file = await openFile(source, label, checkSize);
  try {
    const head = Buffer.alloc(SNIFFED_BYTES);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const format = detect(head.subarray(0, bytesRead));
    // The decoder reads the file itself, so that it is never in memory whole. Not by its name: libvips would take a
    // name that ends with brackets for options.
    return await decodeFrom(`/proc/self/fd/${file.fd}`, format, label, maxPixels);
  } finally {
    await file.close();
  }
}

async function openFile(path: string, label: string, checkSize: (sizeBytes: number) => void): Promise<FileHandle> {
  // A pipe or a device would block for ever: look before opening.
  const status = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new ImageError("NOT_A_FILE", `${label}: cannot be read (${cause.code})`, { cause });
  });
  if (!status.isFile()) throw new ImageError("NOT_A_FILE", `${label}: is not an ordinary file`);
  checkSize(status.size);
  return open(path).catch((cause: NodeJS.ErrnoException) => {
    throw new ImageError("NOT_A_FILE", `${label}: cannot be read (${cause.code})`, { cause });
  });
}

const EXTENSIONS: Readonly<Record<string, ImageFormat>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
  ".tif": "tiff",
  ".tiff": "tiff",
  ".gif": "gif",
};

function detectFormat(head: Buffer, name: string | undefined, label: string): ImageFormat {
  if (head.length === 0) throw new ImageError("EMPTY", `${label}: the file is empty`);
  const { what, format } = sniff(head);
  if (!format) {
    throw new ImageError("UNSUPPORTED_FORMAT", `${label}: the content is ${what}; give ${FORMATS}`);
  }
  const claimed = name === undefined ? undefined : EXTENSIONS[extname(name).toLowerCase()];
  if (claimed && claimed !== format && format !== "png" && format !== "jpeg") {
    throw new ImageError(
      "UNSUPPORTED_FORMAT",
      `${label}: the content is ${what}, though the name says ${claimed}; convert or rename it`,
    );
  }
  return format;
}

const LOADERS: Readonly<Record<ImageFormat, string>> = {
  png: "VipsForeignLoadPng",
  jpeg: "VipsForeignLoadJpeg",
  webp: "VipsForeignLoadWebp",
  tiff: "VipsForeignLoadTiff",
  gif: "VipsForeignLoadNsgif",
};

let isSetUp = false;

/**
 * The signature check already keeps other formats out; this keeps them out of the decoder, too. Its cache goes by file
 * names: it would take a file for another that stood there, or had the same descriptor, before.
 */
function setUpDecoder(): void {
  if (isSetUp) return;
  sharp.cache(false);
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: Object.values(LOADERS) });
  isSetUp = true;
}

async function decodeFrom(
  source: Buffer | string,
  format: ImageFormat,
  label: string,
  maxPixels: number,
): Promise<DecodedImage> {
  setUpDecoder();
  const corrupt = (cause: Error) => {
    throw new ImageError(
      "CORRUPT",
      `${label}: the ${format.toUpperCase()} data is damaged or cut short${reasonOf(cause)}`,
      { cause },
    );
  };
  const metadata = await sharp(source, { failOn: "error", limitInputPixels: false }).metadata().catch(corrupt);
  checkPixels(metadata, label, maxPixels);
  const cmyk = metadata.space === "cmyk";
  const wide = metadata.depth === "ushort";
  if (!cmyk && !wide && metadata.depth !== "uchar") {
    throw new ImageError(
      "UNSUPPORTED_FORMAT",
      `${label}: samples of type ${metadata.depth} are not read; give 8 or 16 bits`,
    );
  }

  const notes: ImageNote[] = [];
  if (wide) notes.push("BIT_DEPTH_REDUCED");
  if (cmyk) notes.push("CMYK_CONVERTED");
  else if (metadata.icc) notes.push("COLOUR_PROFILE_IGNORED");
  if ((metadata.orientation ?? 1) !== 1) notes.push("ORIENTATION_APPLIED");
  if ((metadata.pages ?? 1) > 1) notes.push("FIRST_FRAME_ONLY");

  const upright = sharp(source, { failOn: "error", limitInputPixels: maxPixels, ignoreIcc: !cmyk }).autoOrient();
  const pipeline = wide && !cmyk ? reduceDepth(upright, metadata.channels) : upright.toColourspace("srgb").raw();
  const { data, info } = await pipeline.toBuffer({ resolveWithObject: true }).catch(corrupt);
  return { ...splitChannels(plainBytes(data), info.width, info.height, info.channels, label), notes };
}

/**
 * 16-bit samples v to 8 bits: round(v/257) = ⌊v/257 + 1/2⌋, which has no ties; the cast to bytes cuts the fraction off.
 * The decoder does it in strips, so that 16 bits are never in memory whole.
 */
function reduceDepth(image: Sharp, channels: number): Sharp {
  const each = (value: number) => Array.from({ length: channels }, () => value);
  return image
    .toColourspace("rgb16")
    .linear(each(1 / 257), each(0.5))
    .raw({ depth: "uchar" });
}

function checkPixels({ width, height }: { width: number; height: number }, label: string, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw new ImageError(
    "TOO_LARGE",
    `${label}: ${width}×${height} are ${grouped(width * height)} pixels, the limit is ${grouped(maxPixels)}`,
  );
}

/** 128,000,000 */
function grouped(pixels: number): string {
  return pixels.toLocaleString("en");
}

function reasonOf(error: Error): string {
  const [line] = error.message.split("\n");
  const reason = line.replace(/^Input (file|buffer) has /, "").replace(/[:\s]+$/, "");
  return reason === "Unknown error" ? "" : ` (${reason})`;
}

/** A Buffer behaves differently from a Uint8Array (`slice`, equality): images hold the latter. */
function plainBytes(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function splitChannels(
  samples: Uint8Array,
  width: number,
  height: number,
  channels: number,
  label: string,
): { image: RgbImage; alpha?: Uint8Array } {
  if (channels === 3) return { image: createImage(width, height, samples) };
  if (channels !== 4) {
    throw new ImageError(
      "UNSUPPORTED_FORMAT",
      `${label}: ${channels} channels are not read; give gray, RGB or CMYK, with or without alpha`,
    );
  }
  // The colours move together within the same memory: a second copy of a large image would be the peak of its job.
  const alpha = new Uint8Array(width * height);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    alpha[pixel] = samples[4 * pixel + 3];
    samples[3 * pixel] = samples[4 * pixel];
    samples[3 * pixel + 1] = samples[4 * pixel + 1];
    samples[3 * pixel + 2] = samples[4 * pixel + 2];
  }
  return { image: createImage(width, height, samples.subarray(0, 3 * alpha.length)), alpha };
}
