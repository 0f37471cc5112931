import { describe, expect, it } from "vitest";
import { seededRandom } from "./random.ts";

const draw = (count: number, next: () => number) => Array.from({ length: count }, next);

describe("seededRandom", () => {
  it("gives the numbers of sfc32, for good", () => {
    const random = seededRandom(0);
    const zero = draw(3, () => random.uniform() * 2 ** 32);
    expect(zero).toEqual(sfc32(0, 0, 3));
    const large = seededRandom(5 * 2 ** 32 + 17);
    expect(draw(3, () => large.uniform() * 2 ** 32)).toEqual(sfc32(17, 5, 3));
  });

  it("gives other numbers for neighbouring seeds", () => {
    const first = draw(1000, (): number => 0).map((_, seed) => seededRandom(seed).uniform());
    expect(new Set(first).size).toBe(1000);
    expect(first.reduce((sum, value) => sum + value, 0) / 1000).toBeCloseTo(0.5, 1);
  });

  it("goes on from a restored state", () => {
    const random = seededRandom(3);
    draw(10, random.normal);
    const state = random.state();
    const expected = [...draw(5, random.uniform), ...draw(5, random.normal), ...draw(5, () => random.integer(9))];
    const other = seededRandom(99);
    other.restore(JSON.parse(JSON.stringify(state)));
    expect([...draw(5, other.uniform), ...draw(5, other.normal), ...draw(5, () => other.integer(9))]).toEqual(expected);
  });

  it("refuses a state that is none", () => {
    expect(() => seededRandom(1).restore([1, 2, 3])).toThrow("has 4 numbers, not 3");
  });

  it("draws normals of mean 0 and variance 1, and every integer", () => {
    const random = seededRandom(8);
    const normals = draw(20_000, random.normal);
    const mean = normals.reduce((sum, value) => sum + value, 0) / normals.length;
    const variance = normals.reduce((sum, value) => sum + value * value, 0) / normals.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
    const counts = new Array<number>(5).fill(0);
    for (const value of draw(5000, () => random.integer(5))) counts[value]++;
    for (const count of counts) expect(count).toBeGreaterThan(850);
  });
});

/** The generator as published, in signed 32-bit arithmetic, after 15 numbers. */
function sfc32(b: number, c: number, count: number): number[] {
  let [x, y, z, counter] = [0, b | 0, c | 0, 1];
  const next = () => {
    const sum = (((x + y) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    x = y ^ (y >>> 9);
    y = (z + (z << 3)) | 0;
    z = (z << 21) | (z >>> 11);
    z = (z + sum) | 0;
    return sum >>> 0;
  };
  return draw(15 + count, next).slice(15);
}
