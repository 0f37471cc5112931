/** The formats that are decoded. */
export type ImageFormat = "png" | "jpeg" | "webp" | "tiff" | "gif";

interface Signature {
  readonly what: string;
  readonly format?: ImageFormat;
  readonly matches: (head: Buffer) => boolean;
}

/** How much of a file's beginning is looked at. */
export const SNIFFED_BYTES = 1024;

/** What a file is by its first bytes, whatever its name says. `format` only where it is one that is decoded. */
export function sniff(bytes: Buffer): { what: string; format?: ImageFormat } {
  const head = bytes.subarray(0, SNIFFED_BYTES);
  const found = SIGNATURES.find((signature) => signature.matches(head));
  return found ? { what: found.what, format: found.format } : { what: "no known image format" };
}

/** Width and height as a PNG file's header declares them. */
export function declaredPngSize(head: Buffer): { width: number; height: number } | undefined {
  if (head.length < 24 || !textAt(12, "IHDR")(head)) return undefined;
  return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
}

const bytesAt = (offset: number, hex: string) => (head: Buffer) =>
  head.subarray(offset, offset + hex.length / 2).toString("hex") === hex;
const textAt = (offset: number, text: string) => (head: Buffer) =>
  head.subarray(offset, offset + text.length).toString("latin1") === text;
const anyOf =
  (...tests: ((head: Buffer) => boolean)[]) =>
  (head: Buffer) =>
    tests.some((test) => test(head));
/** Markup may start with a byte order mark, blanks, a declaration or a comment. */
const markup = (element: string) => (head: Buffer) => {
  const text = head.toString("latin1").toLowerCase();
  return /^(\xef\xbb\xbf)?\s*</.test(text) && text.includes(element);
};

const SIGNATURES: readonly Signature[] = [
  { what: "PNG", format: "png", matches: bytesAt(0, "89504e470d0a1a0a") },
  { what: "JPEG", format: "jpeg", matches: bytesAt(0, "ffd8ff") },
  {
    what: "WebP",
    format: "webp",
    matches: (head) => textAt(0, "RIFF")(head) && textAt(8, "WEBP")(head),
  },
  {
    what: "GIF",
    format: "gif",
    matches: anyOf(textAt(0, "GIF87a"), textAt(0, "GIF89a")),
  },
  {
    what: "TIFF",
    format: "tiff",
    matches: anyOf(bytesAt(0, "49492a00"), bytesAt(0, "4d4d002a"), bytesAt(0, "49492b00"), bytesAt(0, "4d4d002b")),
  },
  { what: "BMP", matches: textAt(0, "BM") },
  { what: "ICO", matches: bytesAt(0, "00000100") },
  {
    what: "JPEG 2000",
    matches: anyOf(bytesAt(0, "0000000c6a5020200d0a870a"), bytesAt(0, "ff4fff51")),
  },
  {
    what: "JPEG XL",
    matches: anyOf(bytesAt(0, "ff0a"), bytesAt(0, "0000000c4a584c20")),
  },
  { what: "HEIF or AVIF", matches: textAt(4, "ftyp") },
  { what: "PDF", matches: textAt(0, "%PDF") },
  { what: "SVG", matches: markup("<svg") },
  { what: "HTML", matches: anyOf(markup("<html"), markup("<!doctype html")) },
  { what: "XML", matches: markup("<?xml") },
  { what: "Photoshop", matches: textAt(0, "8BPS") },
  { what: "ZIP", matches: textAt(0, "PK\x03\x04") },
  { what: "gzip", matches: bytesAt(0, "1f8b") },
  { what: "tar", matches: textAt(257, "ustar") },
];
