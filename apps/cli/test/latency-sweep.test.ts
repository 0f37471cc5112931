/** A sweep over budgets of latency, on the server and the worker that `drc up` runs. */
import { writeFile } from "node:fs/promises";
import { measurePlanLatency } from "@drc/compression";
import type { ChannelSearchResult, SweepDetailResource, SweepSummaryResource } from "@drc/contracts";
import { decodeModel, LATENCY_TOLERANCE_SHARE, type NetworkGraph, shrinkGraphToPlan } from "@drc/network";
import { DrcClient } from "@drc/sdk";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drc } from "./support/drc.ts";
import { pictureFolder } from "./support/pictures.ts";
import { addressOf, keyOf, startServer, type TestServer } from "./support/server.ts";

/**
 * Each search measures for itself, and on a busy machine is wrong by a tenth: they lie further apart, and below the largest
 * share that this network can lose.
 */
const REMOVE = [0.08, 0.3];

const FILE = `
name: latency
dataset: {folder: train}
evaluation: {dataset: {folder: held-out}, pruned: false}
network: {blocks: 2, features: 16, scale: 2}
train: {steps: 2, batchSize: 1, patchSize: 12}
fineTune: {steps: 2, batchSize: 1, patchSize: 12}
grid:
  budgets: [${REMOVE.map((remove) => `{of: latency, remove: ${remove}}`).join(", ")}]
  methods: [{preset: l1, plan: uniform}]
`;

let server: TestServer;
let sweep: SweepDetailResource & { summary: SweepSummaryResource };
let searches: ChannelSearchResult[];
/** Of the base network. */
let graph: NetworkGraph;
let tensorflow: TensorFlow;

beforeAll(async () => {
  server = await startServer();
  const { at, options, up, workplace } = server;
  await pictureFolder(at("train"), [1, 2, 3, 4]);
  await pictureFolder(at("held-out"), [5]);
  await writeFile(at("latency.yaml"), FILE);
  const client = new DrcClient({ url: await addressOf(up), key: await keyOf(workplace.data) });
  const { code, stdout, errors } = await drc(["sweep", at("latency.yaml"), ...options, "--wait", "--json"]);
  if (code !== 0) throw new Error(`drc sweep ended with ${code}: ${errors.join("\n")}`);
  sweep = JSON.parse(stdout);
  searches = await Promise.all(
    sweep.points.map(async ({ stages }) => (await client.jobs.get(stages.search)).result as ChannelSearchResult),
  );
  const { stream } = await client.models.download(sweep.original.modelId ?? "");
  graph = decodeModel(new Uint8Array(await new Response(stream).arrayBuffer())).primal.graph;
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
}, 400_000);
afterAll(() => server.stop());

it("meets each budget within five percentage points, or says by its spread that the machine did not allow it", () => {
  expect(sweep.state).toBe("succeeded");
  for (const [i, { removed }] of sweep.points.entries()) {
    const { achieved, asked, latency } = searches[i];
    expect(asked).toEqual({ of: "latency", remove: REMOVE[i] });
    expect(removed).toEqual({ asked: REMOVE[i], achieved: achieved.removedShare, met: achieved.met });
    const { removedShareLow = 1, removedShare, removedShareHigh = 0 } = latency?.plan ?? {};
    expect(removedShare).toBe(achieved.removedShare);
    expect(achieved.met).toBe(Math.abs(achieved.removedShare - REMOVE[i]) <= LATENCY_TOLERANCE_SHARE);
    // Where it is not met, the rounds themselves lie so far apart that the budget is among them.
    expect(removedShareLow - LATENCY_TOLERANCE_SHARE).toBeLessThanOrEqual(REMOVE[i]);
    expect(removedShareHigh + LATENCY_TOLERANCE_SHARE).toBeGreaterThanOrEqual(REMOVE[i]);
  }
});

it("names device, threads and size of every latency", () => {
  for (const { cost } of [sweep.original, ...sweep.points]) {
    expect(cost?.latency).toMatchObject({ device: "cpu", threads: expect.any(Number), lrHeight: 360, lrWidth: 640 });
    expect(cost?.latency?.percentile90Ms).toBeGreaterThanOrEqual(cost?.latency?.medianMs ?? Number.POSITIVE_INFINITY);
  }
  for (const { latency } of searches) {
    expect(latency?.costs).toMatchObject({ device: "cpu", threads: expect.any(Number) });
    expect(latency?.plan).toMatchObject({ lrHeight: 96, lrWidth: 96, rounds: 15 });
  }
  expect(sweep.summary.rows.map(({ budget, latencyMs }) => [budget.of, typeof latencyMs.mean])).toEqual(
    REMOVE.map(() => ["latency", "number"]),
  );
});

it("gives plans that are no slower the more is removed, as predicted and as measured side by side", async () => {
  const [less, more] = searches;
  // Uniform plans of a larger removal are narrower everywhere.
  expect(more.widths.every((width, i) => width <= less.widths[i])).toBe(true);
  expect(more.achieved.multiplyAdds).toBeLessThan(less.achieved.multiplyAdds);
  // Both in turns on this machine: what else it does meets both alike, and the median round counts.
  const wider = shrinkGraphToPlan(graph, less.widths);
  const { removedShare, removedShareHigh } = await measurePlanLatency(tensorflow, wider, more.widths);
  expect(removedShareHigh).toBeGreaterThan(0);
  expect(removedShare).toBeGreaterThan(-LATENCY_TOLERANCE_SHARE);
});
