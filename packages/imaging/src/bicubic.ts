import { ImageError } from "./image-error.ts";
import { createImage, type RgbImage } from "./rgb-image.ts";

/** What lies beyond the border: its mirror image (current MATLAB) or its outermost pixel (older MATLAB). */
export type BorderRule = "symmetric" | "replicate";
export const BORDER_RULES: readonly BorderRule[] = ["symmetric", "replicate"];

/** Height and width of the result, or a factor: then each side is ⌈factor·side⌉. */
export type TargetSize =
	| number
	| { readonly height: number; readonly width: number };

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
export function imresize(
	image: RgbImage,
	size: TargetSize,
	options: ResizeOptions = {},
): RgbImage {
	const target = targetSize(image.height, image.width, size);
	const data = resize(
		image.data,
		image.height,
		image.width,
		3,
		target,
		options,
	);
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
	return resize(
		channel,
		height,
		width,
		1,
		targetSize(height, width, size),
		options,
	);
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

function targetSize(
	height: number,
	width: number,
	size: TargetSize,
): ResolvedSize {
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
	if (
		![resolved.height, resolved.width].every(
			(side) => Number.isSafeInteger(side) && side >= 1,
		)
	) {
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
	const rows = resampling(
		height,
		target.height,
		target.scaleY,
		border,
		antialias,
	);
	const columns = resampling(
		width,
		target.width,
		target.scaleX,
		border,
		antialias,
	);
	if (target.scaleY <= target.scaleX) {
		return resizeColumns(
			resizeRows(source, width * channels, rows),
			target.height,
			width,
			channels,
			columns,
		);
	}
	return resizeRows(
		resizeColumns(source, height, width, channels, columns),
		target.width * channels,
		rows,
	);
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
	const span = Math.ceil(kernelWidth) + 2;
	const indices = new Int32Array(length * span);
	const weights = new Float64Array(length * span);
	for (let i = 0; i < length; i++) {
		// MATLAB counts from 1: the centre of output x lies at x/scale + (1 − 1/scale)/2 of the source.
		const centre = (i + 1) / scale + 0.5 * (1 - 1 / scale);
		const left = Math.floor(centre - kernelWidth / 2);
		let sum = 0;
		for (let tap = 0; tap < span; tap++) {
			const weight = stretch * cubic(stretch * (centre - (left + tap)));
			weights[i * span + tap] = weight;
			indices[i * span + tap] = sourceIndex(
				left + tap - 1,
				sourceLength,
				border,
			);
			sum += weight;
		}
		for (let tap = 0; tap < span; tap++)
			weights[i * span + tap] = (weights[i * span + tap] as number) / sum;
	}
	return { length, taps: span, indices, weights };
}

/** Keys' cubic convolution kernel with a = −0.5. */
function cubic(x: number): number {
	const t = Math.abs(x);
	if (t <= 1) return 1.5 * t * t * t - 2.5 * t * t + 1;
	if (t <= 2) return -0.5 * t * t * t + 2.5 * t * t - 4 * t + 2;
	return 0;
}

function sourceIndex(
	position: number,
	length: number,
	border: BorderRule,
): number {
	if (border === "replicate")
		return Math.min(Math.max(position, 0), length - 1);
	const period = 2 * length;
	const folded = ((position % period) + period) % period;
	return folded < length ? folded : period - 1 - folded;
}

function resizeRows<T extends Samples>(
	source: T,
	stride: number,
	{ length, taps, indices, weights }: Resampling,
): T {
	const target = samplesLike(source, length * stride);
	const sums = new Float64Array(stride);
	for (let row = 0; row < length; row++) {
		sums.fill(0);
		for (let tap = row * taps; tap < (row + 1) * taps; tap++) {
			const weight = weights[tap] as number;
			if (weight === 0) continue;
			const start = (indices[tap] as number) * stride;
			for (let i = 0; i < stride; i++)
				sums[i] = (sums[i] as number) + weight * (source[start + i] as number);
		}
		store(sums, target, row * stride);
	}
	return target;
}

function resizeColumns<T extends Samples>(
	source: T,
	height: number,
	width: number,
	channels: number,
	{ length, taps, indices, weights }: Resampling,
): T {
	const target = samplesLike(source, height * length * channels);
	const sums = new Float64Array(length * channels);
	for (let row = 0; row < height; row++) {
		const start = row * width * channels;
		for (let x = 0; x < length; x++) {
			for (let channel = 0; channel < channels; channel++) {
				let sum = 0;
				for (let tap = x * taps; tap < (x + 1) * taps; tap++) {
					sum +=
						(weights[tap] as number) *
						(source[
							start + (indices[tap] as number) * channels + channel
						] as number);
				}
				sums[x * channels + channel] = sum;
			}
		}
		store(sums, target, row * sums.length);
	}
	return target;
}

function samplesLike<T extends Samples>(source: T, length: number): T {
	return (
		source instanceof Uint8Array
			? new Uint8Array(length)
			: new Float64Array(length)
	) as T;
}

/** Writes a row; bytes are rounded half up and clipped. */
function store(sums: Float64Array, target: Samples, offset: number): void {
	if (target instanceof Float64Array) {
		target.set(sums, offset);
		return;
	}
	for (let i = 0; i < sums.length; i++) {
		const value = Math.floor((sums[i] as number) + 0.5);
		target[offset + i] = value < 0 ? 0 : value > 255 ? 255 : value;
	}
}
