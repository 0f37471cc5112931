import { describe, expect, it } from "vitest";
import { golden } from "../test/golden.ts";
import { pattern } from "../test/patterns.ts";
import { type BorderRule, imresize, imresizeChannel, imresizePlane } from "./bicubic.ts";
import { createImage } from "./rgb-image.ts";

interface Matrix {
  shape_hw: [number, number];
  data: number[][];
}
interface Case {
  input: string;
  scale?: number;
  out_shape?: [number, number];
  antialias?: boolean;
  border: BorderRule;
  out_shape_hw: [number, number];
  output: number[][];
}
const vectors = golden<{
  inputs: Record<string, Matrix>;
  uint8_inputs: Record<string, Matrix>;
  float_cases: Case[];
  uint8_cases: Case[];
}>("imresize_vectors.json");

function sizeOf({ scale, out_shape }: Case) {
  if (out_shape) return { height: out_shape[0], width: out_shape[1] };
  return scale as number;
}

function title({ input, scale, out_shape, border, antialias }: Case): string {
  return `${input} ${scale ? `×${scale}` : `to ${out_shape}`} ${border}${antialias === false ? " without antialiasing" : ""}`;
}

describe("imresize against MATLAB's vectors (field case 4)", () => {
  it.each(vectors.float_cases.map((c) => [title(c), c] as const))("doubles: %s", (_, vector) => {
    const { shape_hw, data } = vectors.inputs[vector.input] as Matrix;
    const { border, antialias } = vector;
    const plane = Float64Array.from(data.flat());
    const result = imresizePlane(plane, ...shape_hw, sizeOf(vector), { border, antialias });
    expect([result.height, result.width]).toEqual(vector.out_shape_hw);
    const expected = vector.output.flat();
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - result.data[i])));
    expect(worst).toBeLessThan(1e-9);
  });

  it.each(vectors.uint8_cases.map((c) => [title(c), c] as const))("bytes, exactly: %s", (_, vector) => {
    const { shape_hw, data } = vectors.uint8_inputs[vector.input] as Matrix;
    const [height, width] = shape_hw;
    const { border } = vector;
    const channel = Uint8Array.from(data.flat());
    const expected = vector.output.flat();
    expect(Array.from(imresizeChannel(channel, height, width, sizeOf(vector), { border }))).toEqual(expected);
    const image = createImage(width, height, Uint8Array.from(data.flat().flatMap((v) => [v, 255 - v, v])));
    const resized = imresize(image, sizeOf(vector), { border });
    expect([resized.height, resized.width]).toEqual(vector.out_shape_hw);
    expect(Array.from(resized.data.filter((_, i) => i % 3 === 0))).toEqual(expected);
    expect(Array.from(resized.data.filter((_, i) => i % 3 === 2))).toEqual(expected);
  });
});

describe("imresize", () => {
  it.each([2, 3, 4, 1 / 2, 1 / 3, 1 / 4])("keeps a constant image constant at ×%f (field case 4)", (scale) => {
    const image = createImage(24, 36, new Uint8Array(3 * 24 * 36).fill(77));
    expect(imresize(image, scale).data.every((value) => value === 77)).toBe(true);
  });

  it("keeps a ramp linear away from the borders at ×2 (field case 4)", () => {
    const ramp = Float64Array.from({ length: 20 * 20 }, (_, i) => 3 * (i % 20) + 2 * Math.floor(i / 20));
    const { data, width } = imresizePlane(ramp, 20, 20, 2);
    for (let y = 8; y < 32; y++) {
      for (let x = 8; x < 32; x++) {
        expect(data[y * width + x]).toBeCloseTo(3 * ((x - 0.5) / 2) + 2 * ((y - 0.5) / 2), 9);
      }
    }
  });

  it("clips what overshoots to 0..255 instead of wrapping", () => {
    const checker = createImage(32, 32);
    for (let pixel = 0; pixel < 1024; pixel++) {
      checker.data.fill(((pixel >> 2) + (pixel >> 7)) % 2 ? 255 : 0, 3 * pixel, 3 * pixel + 3);
    }
    const enlarged = imresize(checker, 4);
    // Next to an edge the cubic overshoots: a wrap would show as bright speckles on black.
    const leap = (i: number) => Math.abs(enlarged.data[i] - enlarged.data[i - 3]);
    const worst = Math.max(...Array.from({ length: 3 * 127 }, (_, i) => leap(i + 3)));
    expect(worst).toBeLessThan(150);
    expect(new Set(enlarged.data).has(0) && new Set(enlarged.data).has(255)).toBe(true);
  });

  it("treats channels alone and borders as asked", () => {
    const image = pattern(23, 17);
    const green = image.data.filter((_, i) => i % 3 === 1);
    const both = (["symmetric", "replicate"] as const).map((border) => {
      const size = { height: 40, width: 9 };
      const resized = imresize(image, size, { border }).data.filter((_, i) => i % 3 === 1);
      expect(resized).toEqual(imresizeChannel(green, 17, 23, size, { border }));
      return resized;
    });
    expect(both[0]).not.toEqual(both[1]);
  });

  it("refuses impossible sizes, naming them", () => {
    const image = pattern(4, 4);
    expect(() => imresize(image, { height: 0, width: 8 })).toThrow(/8×0/);
    expect(() => imresize(image, Number.NaN)).toThrow(/NaN/);
    expect(() => imresizePlane(new Float64Array(5), 2, 2, 2)).toThrow(/needs 4 samples, not 5/);
  });
});
