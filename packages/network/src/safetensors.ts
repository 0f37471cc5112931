/** The safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes (little endian). */
import { duplicateKey } from "./duplicate-key.ts";
import { NetworkError } from "./network-error.ts";

export type SafeTensor =
  | { dtype: "F32"; shape: number[]; data: Float32Array }
  | { dtype: "U8"; shape: number[]; data: Uint8Array };

export interface SafetensorsFile {
  tensors: Map<string, SafeTensor>;
  metadata: Record<string, string>;
}

const BYTES_PER_VALUE: ReadonlyMap<unknown, number> = new Map([
  ["F32", 4],
  ["F16", 2],
  ["BF16", 2],
  ["U8", 1],
]);
/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
const ALIGNMENT = 8;

function invalid(message: string): NetworkError {
  return new NetworkError("SAFETENSORS_INVALID", `Not a valid safetensors file: ${message}`);
}

/**
 * Reads a whole file. Half-precision tensors (F16, BF16) become float32. Throws `NetworkError` where the header,
 * the sizes or the offsets are wrong: tensors must cover the data without gap or overlap.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < 8) throw invalid(`it has ${bytes.length} bytes, less than the length of a header.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > bytes.length) {
    // A header is a JSON object: what begins otherwise is a file of another kind.
    if (bytes[8] !== "{".charCodeAt(0)) throw invalid(`it begins as a file of another kind, ${beginning(bytes)}.`);
    throw invalid(`its header says ${headerBytes} bytes, the file has ${bytes.length}: it is cut short.`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes));
  const { __metadata__: metadata = {}, ...entries } = header;
  const dataStart = 8 + headerBytes;
  const dataBytes = bytes.length - dataStart;

  const tensors = new Map<string, SafeTensor>();
  const ranges: [number, number, string][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, begin, end } = checkEntry(name, entry, dataBytes);
    ranges.push([begin, end, name]);
    // A copy, for the file's bytes need not be aligned; `slice` would make none of a Buffer.
    const raw = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
    tensors.set(
      name,
      dtype === "U8"
        ? { dtype, shape, data: raw }
        : { dtype: "F32", shape, data: dtype === "F32" ? new Float32Array(raw.buffer) : widen(raw, dtype) },
    );
  }
  ranges.sort(([a, x], [b, y]) => a - b || x - y);
  let covered = 0;
  for (const [begin, end, name] of ranges) {
    if (begin !== covered) throw invalid(`the tensor "${name}" starts at ${begin}, expected ${covered}.`);
    covered = end;
  }
  if (covered !== dataBytes) throw invalid(`its tensors cover ${covered} of ${dataBytes} bytes.`);
  return { tensors, metadata: checkMetadata(metadata) };
}

/** The first bytes for a message: their printable characters, or their numbers. */
function beginning(bytes: Uint8Array): string {
  const first = bytes.subarray(0, 8);
  const text = String.fromCharCode(...first).replace(/[^ -~]/g, "·");
  return `with "${text}" (${[...first].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")})`;
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw invalid("its header is not JSON.");
  }
  if (header === null || typeof header !== "object" || Array.isArray(header)) {
    throw invalid("its header is not a JSON object.");
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw invalid(`its header has the key "${duplicate}" twice.`);
  return header as Record<string, unknown>;
}

function checkEntry(name: string, entry: unknown, dataBytes: number) {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const bytesPerValue = BYTES_PER_VALUE.get(dtype);
  if (typeof dtype !== "string" || bytesPerValue === undefined) {
    throw invalid(`the tensor "${name}" has the dtype ${JSON.stringify(dtype)}; F32, F16, BF16 and U8 are read.`);
  }
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount)) throw invalid(`the tensor "${name}" has no valid shape.`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw invalid(`the tensor "${name}" has no valid data_offsets.`);
  }
  const [begin, end] = offsets as [number, number];
  const size = (shape as number[]).reduce((a, b) => a * b, 1) * bytesPerValue;
  if (end - begin !== size || end > dataBytes) {
    throw invalid(`the tensor "${name}" of shape [${shape}] takes ${size} bytes, but its offsets are ${begin}–${end}.`);
  }
  return { dtype, shape: shape as number[], begin, end };
}

function checkMetadata(metadata: unknown): Record<string, string> {
  const isMap = metadata !== null && typeof metadata === "object" && !Array.isArray(metadata);
  if (!isMap || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw invalid("its __metadata__ is not a map of strings.");
  }
  return metadata as Record<string, string>;
}

/** F16 or BF16 to float32. */
function widen(raw: Uint8Array, dtype: string): Float32Array {
  const halves = new Uint16Array(raw.buffer);
  if (dtype === "BF16") return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/**
 * The file's bytes. Floats stand first, so that they are aligned, then in the order of their names: equal content
 * gives equal bytes.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  // Without a prototype, "__proto__" is a name like any other.
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  const names = [...tensors.keys()].sort();
  names.sort((a, b) => Number(tensors.get(a)?.dtype === "U8") - Number(tensors.get(b)?.dtype === "U8"));
  let offset = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors.get(name) as SafeTensor;
    const count = shape.reduce((a, b) => a * b, 1);
    if (count !== data.length) {
      throw new Error(`The tensor "${name}" of shape [${shape}] has ${data.length} values, expected ${count}.`);
    }
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(8 + headerBytes + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(json, 8);
  let at = 8 + headerBytes;
  for (const name of names) {
    const { data } = tensors.get(name) as SafeTensor;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
