import { countCost, createModel, encodeModel, type Model, planWidths, prunableGroups } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { AbortedError, type StageControl } from "../control.ts";
import { LoadedModel } from "../loaded-model.ts";
import { type Importance, PlanError, type PruneRequest, pruneChannels } from "./prune-channels.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const SCALE = 2;
const images = [1, 2, 3].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), SCALE));
const model = createModel({ blocks: 2, features: 8, scale: SCALE, seed: 3 });
const whole = planWidths(model.primal.graph);
const plan = whole.map((width) => Math.max(4, width / 2));
const settings = { batches: 2, batchSize: 2, patchSize: 12 };

function request(importance: Importance, control: Partial<StageControl> = {}): PruneRequest {
  return { tensorflow, model, plan, images, importance, settings, control: { seed: 5, ...control } };
}

const bytes = (pruned: Model) => Buffer.from(encodeModel(pruned)).toString("base64");

/** Mean squared difference of the SR images of two models on one picture. */
function difference(one: Model, other: Model): number {
  const { tf } = tensorflow;
  const { data, width, height } = images[0].lrs[0];
  return tf.tidy(() => {
    const input = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
    const [a, b] = [one, other].map((each) => {
      const loaded = new LoadedModel(tensorflow, each);
      const run = loaded.primal.compiled.forward(loaded.primal.parameters, input);
      return run.outputs[run.outputs.length - 1];
    });
    return tf.mean(tf.square(tf.sub(a, b))).dataSync()[0];
  });
}

const methods: Importance[] = [
  { method: "l1" },
  { method: "random" },
  { method: "second-order" },
  { method: "second-order", guide: "primal" },
  { method: "second-order", guide: "dual" },
  { method: "second-order", guide: "dual-input" },
  { method: "greedy", channelsPerRound: 4 },
];

describe.each(methods)("pruning by $method ($guide)", (importance) => {
  it("field case 32: gives a network of the plan's widths, the same for the same seed, and leaves no tensors", async () => {
    const first = await pruneChannels(request(importance));
    expect(planWidths(first.model.primal.graph)).toEqual(plan);
    const size = { height: 16, width: 16 };
    expect(countCost(first.model.primal.graph, size).parameters).toBeLessThan(
      countCost(model.primal.graph, size).parameters,
    );
    prunableGroups(model.primal.graph).forEach(({ name }, i) => {
      expect(first.kept[name]).toHaveLength(plan[i]);
    });
    const tensors = tensorflow.tf.memory().numTensors;
    const again = await pruneChannels(request(importance));
    expect(tensorflow.tf.memory().numTensors).toBe(tensors);
    expect(bytes(again.model)).toBe(bytes(first.model));
  });
});

describe("pruning", () => {
  it("by second order stays nearer to the network than by l1", async () => {
    const [secondOrder, l1] = [
      await pruneChannels(request({ method: "second-order" })),
      await pruneChannels(request({ method: "l1" })),
    ];
    expect(difference(secondOrder.model, model)).toBeLessThan(0.8 * difference(l1.model, model));
  });

  it("by second order leaves a layer alone that keeps every channel", async () => {
    const kept = whole.map((width, i) => (i === 1 ? width / 2 : width));
    const pruned = await pruneChannels({ ...request({ method: "second-order" }), plan: kept });
    const changed = [...pruned.model.primal.weights]
      .filter(
        ([name, { data }]) => !Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(bufferOf(model, name)),
      )
      .map(([name]) => name);
    const [producer, consumer] = [
      prunableGroups(model.primal.graph)[1].producers[0].node,
      prunableGroups(model.primal.graph)[1].consumers[0].node,
    ];
    for (const name of changed) expect([producer, consumer].some((node) => name.startsWith(node))).toBe(true);
    expect(changed.length).toBeGreaterThan(0);
    expect(planWidths(pruned.model.primal.graph)).toEqual(kept);
  });

  it("field case 12: stopped and resumed, gives the bits of an undisturbed run", async () => {
    const importance: Importance = { method: "greedy", channelsPerRound: 4 };
    const undisturbed = await pruneChannels(request(importance));
    const stop = new AbortController();
    let saved: Uint8Array | undefined;
    const checkpoint = {
      everySteps: 1000,
      save(written: Uint8Array) {
        saved = written;
      },
    };
    const stopAt = plan[0] + 4;
    const first = pruneChannels(
      request(importance, {
        signal: stop.signal,
        checkpoint,
        onProgress: ({ step }) => {
          if (step >= stopAt) stop.abort();
        },
      }),
    );
    await expect(first).rejects.toThrow(AbortedError);
    const resumed = await pruneChannels(request(importance, { checkpoint: { ...checkpoint, resume: saved } }));
    expect(bytes(resumed.model)).toBe(bytes(undisturbed.model));
    expect(resumed.kept).toEqual(undisturbed.kept);
    expect(resumed.passes).toBe(undisturbed.passes);
  });

  it("refuses a plan that does not fit, naming the width", async () => {
    const short = pruneChannels({ ...request({ method: "l1" }), plan: plan.slice(1) });
    await expect(short).rejects.toThrow(PlanError);
    const wide = pruneChannels({ ...request({ method: "l1" }), plan: plan.with(1, 1000) });
    await expect(wide).rejects.toThrow(/plan\[1\] is 1000/);
  });
});

function bufferOf(from: Model, name: string): Buffer {
  const weight = from.primal.weights.get(name);
  if (!weight) throw new Error(`No weight "${name}".`);
  return Buffer.from(weight.data.buffer, weight.data.byteOffset, weight.data.byteLength);
}
