import { createModel, encodeModel, planWidths } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { AbortedError, type StageControl } from "../control.ts";
import { pruneChannels } from "./prune-channels.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const images = [1, 2].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), 4));
const model = createModel({ blocks: 1, features: 4, scale: 4, seed: 3 });
// One group stays whole, so that it is passed over.
const plan = planWidths(model.primal.graph).map((width, i) => (i === 3 ? width : width / 2));

function prune(control: Partial<StageControl> = {}) {
  return pruneChannels({
    tensorflow,
    model,
    plan,
    images,
    importance: { method: "second-order", guide: "dual-input" },
    settings: { batches: 2, batchSize: 2, patchSize: 10 },
    control: { seed: 5, ...control },
  });
}

it("field case 12: stopped after any layer and resumed, gives the bits of an undisturbed run", async () => {
  const undisturbed = await prune();
  const steps: number[] = [];
  plan.reduce((sum, width) => {
    steps.push(sum + width);
    return sum + width;
  }, 0);
  for (const stopAt of steps.slice(0, -1)) {
    const stop = new AbortController();
    let saved: Uint8Array | undefined;
    const save = (bytes: Uint8Array) => {
      saved = bytes;
    };
    const onProgress: StageControl["onProgress"] = ({ step }) => {
      if (step === stopAt) stop.abort();
    };
    const stopped = prune({ signal: stop.signal, onProgress, checkpoint: { everySteps: 10_000, save } });
    await expect(stopped).rejects.toThrow(AbortedError);
    const resumed = await prune({ checkpoint: { everySteps: 10_000, save, resume: saved } });
    expect(encodeModel(resumed.model)).toEqual(encodeModel(undisturbed.model));
    expect(resumed).toMatchObject({ kept: undisturbed.kept, orders: undisturbed.orders, passes: undisturbed.passes });
  }
});

it("refuses a guide that compares through dual networks where the model has none", async () => {
  const importance = { method: "second-order", guide: "dual" } as const;
  const control = { seed: 1 };
  const pruning = pruneChannels({
    tensorflow,
    model: { ...model, duals: [] },
    plan,
    images,
    importance,
    control,
    settings: { patchSize: 10 },
  });
  await expect(pruning).rejects.toThrow(/guide: "dual" compares through dual networks, and the model has none/);
});
