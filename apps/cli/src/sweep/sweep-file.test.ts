import { readdir } from "node:fs/promises";
import { expect, it } from "vitest";
import { readSweepFile } from "./sweep-file.ts";

const EXAMPLES = new URL("../../../../examples/", import.meta.url);
const sweeps = (await readdir(EXAMPLES)).filter((name) => name.endsWith(".yaml"));

it.each(sweeps)("the example %s is a sweep, whose images are the demo's", async (name) => {
  const { given, images } = await readSweepFile(new URL(name, EXAMPLES).pathname);
  expect(given.grid).toMatchObject({ budgets: expect.any(Array), methods: expect.any(Array) });
  expect(images.map(({ field, source }) => [field, source])).toEqual([
    ["dataset", { photographs: "train" }],
    ["evaluation.dataset", { photographs: "held-out" }],
  ]);
});

it("there is the example that the documentation names", () => {
  expect(sweeps).toContain("ratios.yaml");
});
