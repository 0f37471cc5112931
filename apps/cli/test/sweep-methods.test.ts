/** Every preset of a sweep, as it is, on the server and the worker that `drc up` runs. */
import { writeFile } from "node:fs/promises";
import { SWEEP_METHODS, type SweepDetailResource, type SweepSummaryResource } from "@drc/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drc } from "./support/drc.ts";
import { pictureFolder } from "./support/pictures.ts";
import { addressOf, startServer, type TestServer } from "./support/server.ts";

const LONG_MS = 600_000;

const FILE = `
name: methods
dataset: {folder: train}
evaluation: {dataset: {folder: held-out}, pruned: false}
network: {preset: drn-tiny, scale: 2}
train: {steps: 20, batchSize: 2, patchSize: 12}
fineTune: {steps: 5, batchSize: 2, patchSize: 12}
grid:
  budgets: [{of: parameters, remove: 0.2}]
  methods: [${SWEEP_METHODS.join(", ")}]
baseline: l1
`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await pictureFolder(server.at("train"), [1, 2, 3, 4]);
  await pictureFolder(server.at("held-out"), [5, 6]);
  await writeFile(server.at("methods.yaml"), FILE);
  await addressOf(server.up);
}, LONG_MS);
afterAll(() => server.stop());

it(
  "all give a network of the size that was asked for, with its quality and latency",
  async () => {
    const { code, stdout, errors } = await drc([
      "sweep",
      server.at("methods.yaml"),
      ...server.options,
      "--wait",
      "--json",
    ]);
    expect(code, errors.join("\n")).toBe(0);
    const { points, original, summary } = JSON.parse(stdout) as SweepDetailResource & { summary: SweepSummaryResource };
    expect(points.map(({ method }) => method)).toEqual(SWEEP_METHODS);
    for (const { removed, cost, quality, modelId } of points) {
      expect(removed).toMatchObject({ asked: 0.2, met: true });
      expect(cost?.parameters).toBeLessThan(original.cost?.parameters ?? 0);
      expect(cost?.latency).toMatchObject({ device: "cpu", lrHeight: 360, lrWidth: 640 });
      expect(quality.compressed?.psnr).toBeGreaterThan(5);
      expect(modelId).toMatch(/^mdl_/);
    }
    // Those with one plan have one shape, whatever chooses the channels.
    const sizes = points.map(({ cost }) => cost?.parameters);
    expect(new Set(sizes.slice(2)).size).toBe(1);
    for (const { method, toBaseline, toOriginal } of summary.rows) {
      expect(toBaseline === null).toBe(method === "l1");
      expect(toOriginal?.images).toBe(2);
    }
  },
  LONG_MS,
);
