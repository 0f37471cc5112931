import { open, stat } from "node:fs/promises";
import { extname } from "node:path";
import sharp from "sharp";
import { ImageError } from "./image-error.ts";
import { createImage, type RgbImage } from "./rgb-image.ts";
import { type ImageFormat, sniff } from "./sniff.ts";

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
  /** Size limit of the file. Default 128 MiB. */
  readonly maxBytes?: number;
  /** Limit of width·height, checked before anything is decompressed. Default 2²⁶, for instance 8192×8192. */
  readonly maxPixels?: number;
}

export interface DecodedImage {
  readonly image: RgbImage;
  /** [height, width], only where the file has transparency. */
  readonly alpha?: Uint8Array;
  readonly notes: ImageNote[];
}

const DEFAULT_MAX_BYTES = 128 * 2 ** 20;
const DEFAULT_MAX_PIXELS = 2 ** 26;
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
  const bytes = await readSource(source, label, options.maxBytes ?? DEFAULT_MAX_BYTES);
  const format = detectFormat(bytes, name, label);
  return decodeBytes(bytes, format, label, options.maxPixels ?? DEFAULT_MAX_PIXELS);
}

async function readSource(source: Buffer | string, label: string, maxBytes: number): Promise<Buffer> {
  const tooLarge = (sizeBytes: number) =>
    new ImageError("TOO_LARGE", `${label}: the file has ${sizeBytes} bytes, the limit is ${maxBytes}`);
  if (typeof source !== "string") {
    if (source.length > maxBytes) throw tooLarge(source.length);
    return source;
  }
  // A pipe or a device would block for ever: look before opening.
  const status = await stat(source).catch((cause: NodeJS.ErrnoException) => {
    throw new ImageError("NOT_A_FILE", `${label}: cannot be read (${cause.code})`, { cause });
  });
  if (!status.isFile()) throw new ImageError("NOT_A_FILE", `${label}: is not an ordinary file`);
  if (status.size > maxBytes) throw tooLarge(status.size);
  const file = await open(source).catch((cause: NodeJS.ErrnoException) => {
    throw new ImageError("NOT_A_FILE", `${label}: cannot be read (${cause.code})`, { cause });
  });
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
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

function detectFormat(bytes: Buffer, name: string | undefined, label: string): ImageFormat {
  if (bytes.length === 0) throw new ImageError("EMPTY", `${label}: the file is empty`);
  const { what, format } = sniff(bytes);
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

let loadersRestricted = false;

/** The signature check already keeps other formats out; this keeps them out of the decoder, too. */
function restrictLoaders(): void {
  if (loadersRestricted) return;
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: Object.values(LOADERS) });
  loadersRestricted = true;
}

async function decodeBytes(
  bytes: Buffer,
  format: ImageFormat,
  label: string,
  maxPixels: number,
): Promise<DecodedImage> {
  restrictLoaders();
  const corrupt = (cause: Error) => {
    throw new ImageError(
      "CORRUPT",
      `${label}: the ${format.toUpperCase()} data is damaged or cut short (${reasonOf(cause)})`,
      { cause },
    );
  };
  // Sizes are checked below, against the limit that was asked for.
  const metadata = await sharp(bytes, {
    failOn: "error",
    limitInputPixels: false,
  })
    .metadata()
    .catch(corrupt);
  const { width, height } = metadata;
  if (width * height > maxPixels) {
    throw new ImageError(
      "TOO_LARGE",
      `${label}: ${width}×${height} are ${width * height} pixels, the limit is ${maxPixels}`,
    );
  }
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

  const pipeline = sharp(bytes, {
    failOn: "error",
    limitInputPixels: maxPixels,
    ignoreIcc: !cmyk,
  }).autoOrient();
  const raw =
    wide && !cmyk ? pipeline.toColourspace("rgb16").raw({ depth: "ushort" }) : pipeline.toColourspace("srgb").raw();
  const decoded = await raw.toBuffer({ resolveWithObject: true }).catch(corrupt);
  const samples = wide && !cmyk ? reduceDepth(decoded.data) : plainBytes(decoded.data);
  return {
    ...splitChannels(samples, decoded.info.width, decoded.info.height, decoded.info.channels, label),
    notes,
  };
}

function reasonOf(error: Error): string {
  return (error.message.split("\n")[0] as string).replace(/[:\s]+$/, "");
}

/** A Buffer behaves differently from a Uint8Array (`slice`, equality): images hold the latter. */
function plainBytes(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** 16-bit samples in the machine's byte order to 8 bits: round(v/257), which has no ties. */
function reduceDepth(bytes: Buffer): Uint8Array {
  const wide = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const samples = new Uint8Array(wide.length);
  for (let i = 0; i < wide.length; i++) samples[i] = Math.floor((wide[i] + 128) / 257);
  return samples;
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
  const image = createImage(width, height);
  const alpha = new Uint8Array(width * height);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    image.data[3 * pixel] = samples[4 * pixel];
    image.data[3 * pixel + 1] = samples[4 * pixel + 1];
    image.data[3 * pixel + 2] = samples[4 * pixel + 2];
    alpha[pixel] = samples[4 * pixel + 3];
  }
  return { image, alpha };
}
