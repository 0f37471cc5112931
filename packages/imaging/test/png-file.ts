import { crc32, deflateSync } from "node:zlib";

export const PNG_SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

export interface PngParts {
  width: number;
  height: number;
  bitDepth: 1 | 2 | 4 | 8 | 16;
  /** 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA. */
  colourType: number;
  /** One array of bytes per row, as the file stores it, without the filter byte. */
  rows: number[][];
  /** Chunks between IHDR and IDAT, such as PLTE and tRNS. */
  chunks?: [type: string, data: Buffer][];
}

/** Writes a PNG file by hand, so that tests depend on no encoder. */
export function pngFile({ width, height, bitDepth, colourType, rows, chunks = [] }: PngParts): Buffer {
  const raw = Buffer.concat(rows.map((row) => Buffer.from([0, ...row])));
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk("IHDR", pngHeader(width, height, bitDepth, colourType)),
    ...chunks.map(([type, data]) => pngChunk(type, data)),
    pngChunk("IDAT", deflateSync(raw)),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

export function pngHeader(width: number, height: number, bitDepth: number, colourType: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colourType, 0, 0, 0], 8);
  return header;
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  chunk.set(body, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** Big-endian bytes of 16-bit samples. */
export function wideRow(...samples: number[]): number[] {
  return samples.flatMap((sample) => [sample >> 8, sample & 255]);
}
