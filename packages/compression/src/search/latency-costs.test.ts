import {
  additiveCost,
  createModel,
  drnGraph,
  planWidths,
  prunableGroups,
  resolveLatencyBudget,
  shrinkGraphToPlan,
} from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { AbortedError } from "../control.ts";
import { type LatencyCosts, latencyPlanSpace } from "./latency-costs.ts";
import { type SearchMethod, searchChannels } from "./search-channels.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const graph = drnGraph({ scale: 2, blocks: 2, features: 8 });
const groups = prunableGroups(graph).map(({ name }) => name);
const [down, ...up] = groups;

/** Costs as if they had been measured; the groups are 8, 16, 16 and 16 channels wide. */
const costs: LatencyCosts = {
  lrHeight: 96,
  lrWidth: 96,
  device: "a device",
  threads: 2,
  wholeMs: 10,
  curves: [
    { groups: [down], widths: [4, 8], shares: [0.9, 1], rounds: 7 },
    { groups: up.slice(0, 2), widths: [4, 8, 16], shares: [0.6, 0.7, 1], rounds: 7 },
    { groups: up.slice(2), widths: [4, 16], shares: [0.94, 1], rounds: 7 },
  ],
};

describe("a space of plans by latency", () => {
  it("has the measured shares at the measured widths, and those between by interpolation", () => {
    const space = latencyPlanSpace(graph, costs);
    expect(space.whole).toEqual([8, 16, 16, 16]);
    expect(space.cost([8, 16, 16, 16])).toBeCloseTo(1, 12);
    expect(space.cost([4, 16, 16, 16])).toBeCloseTo(0.9, 12);
    expect(space.cost([8, 8, 8, 16])).toBeCloseTo(0.7, 12);
    expect(space.cost([8, 4, 8, 16])).toBeCloseTo(0.65, 12);
    expect(space.cost([8, 12, 12, 16])).toBeCloseTo(0.85, 12);
    expect(space.cost([8, 16, 16, 8])).toBeCloseTo(0.96, 12);
    for (const plan of [space.whole, [4, 4, 4, 4], [8, 4, 12, 8]]) {
      expect(additiveCost(space, plan)).toBeCloseTo(space.cost(plan), 12);
    }
  });

  it("shares what was saved among groups of different widths by their channels", () => {
    const pruned = shrinkGraphToPlan(graph, [8, 16, 8, 16]);
    const space = latencyPlanSpace(pruned, costs);
    // From 16 to 8 only the first of the two groups loses channels; from 8 to 4 both do.
    expect(space.cost([8, 8, 8, 16])).toBeCloseTo(0.7, 12);
    expect(space.cost([8, 16, 4, 16])).toBeCloseTo(0.95, 12);
    expect(space.cost([8, 4, 4, 16])).toBeCloseTo(0.6, 12);
  });

  it.each([0, 1, -0.1, 1.5, Number.NaN, 0.57])(
    "field case 33: refuses to remove %d of it, with the range that the device allows",
    (remove) => {
      const space = latencyPlanSpace(graph, costs);
      expect(() => resolveLatencyBudget(space, { of: "latency", remove })).toThrow(
        /latency of this network on this device a share above 0 and at most 0\.56 can be removed/,
      );
    },
  );
});

describe("a search to a budget of latency", () => {
  const model = createModel({ blocks: 2, features: 8, scale: 2, seed: 3 });
  const images = [1, 2].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(96, 96, seed), 2));
  const request = (method: SearchMethod, latencyCosts?: LatencyCosts) => ({
    tensorflow,
    model,
    images,
    budget: { of: "latency" as const, remove: 0.1 },
    method,
    settings: { steps: 4, batchSize: 2, patchSize: 8 },
    calibration: { batches: 2, batchSize: 2, patchSize: 12 },
    latencyCosts,
  });

  it("measures every kind of group, states what it achieved, and resumed says the same to the last digit", async () => {
    const saved: Uint8Array[] = [];
    const save = (bytes: Uint8Array) => void saved.push(bytes);
    const control = { seed: 5, checkpoint: { everySteps: 1, save } };
    const result = await searchChannels({ ...request("uniform"), control });
    const { achieved, latency, asked } = result;
    expect(asked).toEqual({ of: "latency", remove: 0.1 });
    expect(achieved.removedShare).toBe(latency?.plan.removedShare);
    expect(latency?.plan.removedShareLow).toBeLessThanOrEqual(achieved.removedShare);
    expect(latency?.plan.removedShareHigh).toBeGreaterThanOrEqual(achieved.removedShare);
    expect(achieved.met).toBe(Math.abs(achieved.removedShare - 0.1) <= 0.05);

    const measured = latency?.costs as LatencyCosts;
    // The down block, the two residual blocks and the pixel shuffle.
    expect(measured.curves.map((curve) => curve.groups)).toEqual([[down], up.slice(0, 2), up.slice(2)]);
    for (const { groups: alike, widths, shares, rounds } of measured.curves) {
      expect(widths.at(-1)).toBe(planWidths(graph)[groups.indexOf(alike[0])]);
      expect(shares.at(-1)).toBe(1);
      expect(rounds).toBeGreaterThanOrEqual(7);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    }
    const space = latencyPlanSpace(graph, measured);
    expect(1 - space.cost(space.choices.map(([width]) => width))).toBeGreaterThan(0.1);

    const checkpoint = { ...control.checkpoint, resume: saved.at(-1) };
    expect(await searchChannels({ ...request("uniform"), control: { seed: 5, checkpoint } })).toEqual(result);
  });

  it.each([
    // Two steps are batches; then come the four groups.
    { method: "second-order", last: 4, of: 6 },
    { method: "drc", last: 2, of: 4 },
  ] as const)("by $method stopped goes on with the costs that it had", async ({ method, last, of }) => {
    const stop = new AbortController();
    const saved: Uint8Array[] = [];
    const checkpoint = { everySteps: 1, save: (bytes: Uint8Array) => void saved.push(bytes) };
    const onProgress = ({ step }: { step: number }) => {
      if (step === last) stop.abort();
    };
    const interrupted = { seed: 5, signal: stop.signal, checkpoint, onProgress };
    await expect(searchChannels({ ...request(method, costs), control: interrupted })).rejects.toThrow(AbortedError);
    const steps: number[] = [];
    const resumed = await searchChannels({
      ...request(method),
      control: {
        seed: 5,
        checkpoint: { ...checkpoint, resume: saved.at(-1) },
        onProgress: ({ step }) => void steps.push(step),
      },
    });
    expect(steps).toEqual([of - 1, of]);
    expect(resumed.latency?.costs).toEqual(costs);
  });
});
