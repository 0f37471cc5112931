import { expect, it } from "vitest";
import { changesFrom } from "./changes-from.ts";

it("gives what differs alone, with null for what was taken away", () => {
  const before = {
    kind: "train",
    name: "a",
    labels: ["x"],
    spec: { network: { preset: "drn-xs", scale: 4 }, steps: 1 },
  };
  expect(changesFrom(before, structuredClone(before))).toEqual({});
  const after = { kind: "train", labels: ["x", "y"], seed: 2, spec: { network: { blocks: 2, scale: 4 }, steps: 1 } };
  expect(changesFrom(before, after)).toEqual({
    name: null,
    labels: ["x", "y"],
    seed: 2,
    spec: { network: { preset: null, blocks: 2 } },
  });
});
