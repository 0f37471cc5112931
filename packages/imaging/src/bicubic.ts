import { ImageError } from "./image-error.ts";
import { createImage, type RgbImage } from "./rgb-image.ts";

/** What lies beyond the border: its mirror image (current MATLAB) or its outermost pixel (older MATLAB). */
export type BorderRule = "symmetric" | "replicate";
export const BORDER_RULES: readonly BorderRule[] = ["symmetric", "replicate"];

/** Height and width of the result, or a factor: then each side is ⌈factor·side⌉. */
export type TargetSize = number | { readonly height: number; readonly width: number };

export interface ResizeOptions {
  /** Default "symmetric". */
  readonly border?: BorderRule;
  /** Widen the kernel when shrinking. Default true, as in MATLAB. */
  readonly antialias?: boolean;
}

/**
 * MATLAB's `imresize(image, size, "bicubic")` on 8-bit RGB, bit for bit: Keys' cubic with a = −0.5, widened by 1/scale
 * when shrinking, weights normalised per output pixel; rows first (the side that shrinks more, where they differ);
 * each of the two passes is rounded half up and clipped to 0..255.
 */
export function imresize(image: RgbImage, size: TargetSize, options: ResizeOptions = {}): RgbImage {
  const target = targetSize(image.height, image.width, size);
  const data = resize(image.data, image.height, image.width, 3, target, options);
  return createImage(target.width, target.height, data);
}

/** `imresize` of a single 8-bit channel, an alpha channel say: [height, width]. */
export function imresizeChannel(
  channel: Uint8Array,
  height: number,
  width: number,
  size: TargetSize,
  options: ResizeOptions = {},
): Uint8Array {
  return resize(channel, height, width, 1, targetSize(height, width, size), options);
}

/** `imresize` of a plane of doubles, [height, width]: nothing is rounded or clipped. */
export function imresizePlane(
  plane: Float64Array,
  height: number,
  width: number,
  size: TargetSize,
  options: ResizeOptions = {},
): { data: Float64Array; height: number; width: number } {
  const target = targetSize(height, width, size);
  return { ...target, data: resize(plane, height, width, 1, target, options) };
}

interface ResolvedSize {
  readonly height: number;
  readonly width: number;
  readonly scaleY: number;
  readonly scaleX: number;
}

function targetSize(height: number, width: number, size: TargetSize): ResolvedSize {
  const resolved =
    typeof size === "number"
      ? {
          height: Math.ceil(size * height),
          width: Math.ceil(size * width),
          scaleY: size,
          scaleX: size,
        }
      : {
          height: size.height,
          width: size.width,
          scaleY: size.height / height,
          scaleX: size.width / width,
        };
  if (![resolved.height, resolved.width].every((side) => Number.isSafeInteger(side) && side >= 1)) {
    throw new ImageError(
      "INVALID_ARGUMENT",
      `cannot resize to ${resolved.width}×${resolved.height}: both sides must be whole numbers from 1`,
    );
  }
  return resolved;
}

type Samples = Uint8Array | Float64Array;

function resize<T extends Samples>(
  source: T,
  height: number,
  width: number,
  channels: number,
  target: ResolvedSize,
  { border = "symmetric", antialias = true }: ResizeOptions,
): T {
  if (source.length !== height * width * channels) {
    throw new ImageError(
      "INVALID_ARGUMENT",
      `${width}×${height}×${channels} needs ${height * width * channels} samples, not ${source.length}`,
    );
  }
  const rows = resampling(height, target.height, target.scaleY, border, antialias);
  const columns = resampling(width, target.width, target.scaleX, border, antialias);
  if (target.scaleY <= target.scaleX) {
    return resizeColumns(resizeRows(source, width * channels, rows), target.height, width, channels, columns);
  }
  return resizeRows(resizeColumns(source, height, width, channels, columns), target.width * channels, rows);
}

/** For each output position, `taps` source positions and their weights, both [length, taps]. */
interface Resampling {
  readonly length: number;
  readonly taps: number;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
}

function resampling(
  sourceLength: number,
  length: number,
  scale: number,
  border: BorderRule,
  antialias: boolean,
): Resampling {
  const stretch = antialias && scale < 1 ? scale : 1;
  const kernelWidth = 4 / stretch;
  // A kernel this wide covers at most this many positions with a weight other than 0.
  const taps = Math.ceil(kernelWidth) + 1;
  const indices = new Int32Array(length * taps);
  const weights = new Float64Array(length * taps);
  for (let i = 0; i < length; i++) {
    // MATLAB counts from 1: the centre of output x lies at x/scale + (1 − 1/scale)/2 of the source.
    const centre = (i + 1) / scale + 0.5 * (1 - 1 / scale);
    const left = Math.ceil(centre - kernelWidth / 2);
    const start = i * taps;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = stretch * cubic(stretch * (centre - (left + tap)));
      weights[start + tap] = weight;
      indices[start + tap] = sourceIndex(left + tap - 1, sourceLength, border);
      sum += weight;
    }
    for (let tap = start; tap < start + taps; tap++) weights[tap] = weights[tap] / sum;
  }
  return { length, taps, indices, weights };
}

/** Keys' cubic convolution kernel with a = −0.5. */
function cubic(x: number): number {
  const t = Math.abs(x);
  if (t <= 1) return 1.5 * t * t * t - 2.5 * t * t + 1;
  if (t <= 2) return -0.5 * t * t * t + 2.5 * t * t - 4 * t + 2;
  return 0;
}

function sourceIndex(position: number, length: number, border: BorderRule): number {
  if (border === "replicate") return Math.min(Math.max(position, 0), length - 1);
  const period = 2 * length;
  const folded = ((position % period) + period) % period;
  return folded < length ? folded : period - 1 - folded;
}

function resizeRows<T extends Samples>(source: T, stride: number, rows: Resampling): T {
  const target = samplesLike(source, rows.length * stride);
  const sums = new Float64Array(stride);
  for (let row = 0; row < rows.length; row++) {
    sumRows(sums, source, row, rows);
    store(sums, target, row * stride);
  }
  return target;
}

/** Four taps at a time, for speed, added in the same order as one by one: the bits depend on it. */
function sumRows(sums: Float64Array, source: Samples, row: number, { taps, indices, weights }: Resampling): void {
  const stride = sums.length;
  const end = (row + 1) * taps;
  sums.fill(0);
  let tap = row * taps;
  for (; tap + 4 <= end; tap += 4) {
    const w0 = weights[tap];
    const w1 = weights[tap + 1];
    const w2 = weights[tap + 2];
    const w3 = weights[tap + 3];
    const a = indices[tap] * stride;
    const b = indices[tap + 1] * stride;
    const c = indices[tap + 2] * stride;
    const d = indices[tap + 3] * stride;
    for (let i = 0; i < stride; i++) {
      sums[i] = sums[i] + w0 * source[a + i] + w1 * source[b + i] + w2 * source[c + i] + w3 * source[d + i];
    }
  }
  for (; tap < end; tap++) {
    const weight = weights[tap];
    if (weight === 0) continue;
    const start = indices[tap] * stride;
    for (let i = 0; i < stride; i++) sums[i] = sums[i] + weight * source[start + i];
  }
}

function resizeColumns<T extends Samples>(
  source: T,
  height: number,
  width: number,
  channels: number,
  columns: Resampling,
): T {
  const stride = columns.length * channels;
  const target = samplesLike(source, height * stride);
  const sums = new Float64Array(stride);
  const sumRow = channels === 3 ? sumRgbRow : sumPlaneRow;
  for (let row = 0; row < height; row++) {
    sumRow(sums, source, row * width * channels, columns);
    store(sums, target, row * stride);
  }
  return target;
}

function sumPlaneRow(sums: Float64Array, source: Samples, start: number, columns: Resampling): void {
  const { length, taps, indices, weights } = columns;
  for (let x = 0, tap = 0; x < length; x++) {
    let sum = 0;
    for (const end = tap + taps; tap < end; tap++) {
      sum += weights[tap] * source[start + indices[tap]];
    }
    sums[x] = sum;
  }
}

function sumRgbRow(sums: Float64Array, source: Samples, start: number, columns: Resampling): void {
  const { length, taps, indices, weights } = columns;
  for (let x = 0, tap = 0; x < length; x++) {
    let red = 0;
    let green = 0;
    let blue = 0;
    for (const end = tap + taps; tap < end; tap++) {
      const weight = weights[tap];
      const from = start + 3 * indices[tap];
      red += weight * source[from];
      green += weight * source[from + 1];
      blue += weight * source[from + 2];
    }
    sums[3 * x] = red;
    sums[3 * x + 1] = green;
    sums[3 * x + 2] = blue;
  }
}

function samplesLike<T extends Samples>(source: T, length: number): T {
  return (source instanceof Uint8Array ? new Uint8Array(length) : new Float64Array(length)) as T;
}

/** Writes a row; bytes are rounded half up and clipped. */
function store(sums: Float64Array, target: Samples, offset: number): void {
  if (target instanceof Float64Array) {
    target.set(sums, offset);
    return;
  }
  for (let i = 0; i < sums.length; i++) {
    target[offset + i] = Math.min(Math.max(Math.floor(sums[i] + 0.5), 0), 255);
  }
}
