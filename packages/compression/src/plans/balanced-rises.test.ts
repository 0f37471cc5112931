import { expect, it } from "vitest";
import { balancedRises } from "./balanced-rises.ts";

const choices = [
  [4, 8],
  [4, 8],
  [4, 8],
];
const curve = (least: number) => [Number.POSITIVE_INFINITY, 9 * least, 4 * least, 2 * least, least, 0, 0, 0, 0];

it("draws groups whose rises lie a hundred times apart to ten times, and keeps the form of each", () => {
  const rises = [curve(1), curve(0.01), [0, 0, 0, 0, 0, 0, 0, 0, 0]];
  const penalty = balancedRises({ choices }, rises);
  expect(penalty(0, 4) / penalty(1, 4)).toBeCloseTo(10, 12);
  expect(penalty(1, 2) / penalty(1, 4)).toBeCloseTo(4, 12);
  expect([penalty(0, 8), penalty(1, 8)]).toEqual([0, 0]);
});

it("gives a group that loses nothing no penalty", () => {
  const penalty = balancedRises({ choices }, [curve(1), curve(1), new Array(9).fill(0)]);
  expect([penalty(2, 4), penalty(2, 8)]).toEqual([0, 0]);
});
