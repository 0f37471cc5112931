import { expect, it } from "vitest";
import { belowBicubicNote } from "./below-bicubic.ts";

it("says that a network is of no use where each is worse than bicubic interpolation", () => {
  expect(belowBicubicNote(26.63, [22.5, 26.62], true)).toEqual([
    "Below bicubic (26.63 dB): the network was trained too briefly to be of use; give train.steps more.",
  ]);
});

it.each([
  ["one is as good", 26.63, [22.5, 26.63], true],
  ["one is exact", 26.63, [null, 22.5], true],
  ["nothing is measured", 26.63, [undefined], true],
  ["bicubic is not measured", undefined, [22.5], true],
  ["bicubic is exact", null, [22.5], true],
  ["the network was given", 26.63, [22.5], false],
] as const)("says nothing where %s", (_, bicubic, networks, trainedHere) => {
  expect(belowBicubicNote(bicubic, networks, trainedHere)).toEqual([]);
});
