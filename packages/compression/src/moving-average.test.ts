import { createModel } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { FlatParameters } from "./flat-parameters.ts";
import { LoadedModel } from "./loaded-model.ts";
import { averageDecay, MovingAverage } from "./moving-average.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const model = createModel({ blocks: 1, features: 4, scale: 2, seed: 3 });

it("holds on to the start for the first updates only", () => {
  expect([1, 2, 3, 90].map((update) => averageDecay(0.9, update))).toEqual([2 / 11, 3 / 12, 4 / 13, 0.9]);
});

describe("MovingAverage", () => {
  it("is decay·average + (1 − decay)·values, of dual networks as well", () => {
    const average = new MovingAverage(tensorflow, model, true, 0.2);
    const { values } = average.state();
    const expected = Float64Array.from(values);
    for (let update = 1; update <= 3; update++) {
      const next = tensorflow.tf.fill([values.length], update);
      average.update(next);
      next.dispose();
      const decay = [2 / 11, 0.2, 0.2][update - 1];
      for (let i = 0; i < expected.length; i++) expected[i] = decay * expected[i] + (1 - decay) * update;
    }
    average.state().values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
    const read = average.model().read();
    expect(read.primal.weights.get("head.weight")?.data[0]).toBeCloseTo(expected[0], 5);
    expect(read.duals[0].weights.get("dual_module.1.weight")?.data.at(-1)).toBeCloseTo(expected.at(-1) as number, 5);
    average.dispose();
  });

  it("leaves dual networks that are not trained, and goes on from its state to the same bits", () => {
    const loaded = new LoadedModel(tensorflow, model);
    const trained = new FlatParameters(tensorflow, [loaded.primal]);
    const whole = new MovingAverage(tensorflow, model, false, 0.99);
    let resumed = new MovingAverage(tensorflow, model, false, 0.99);
    for (let update = 0; update < 4; update++) {
      const next = tensorflow.tf.mul(trained.values, 1 + update / 3);
      whole.update(next);
      resumed.update(next);
      next.dispose();
      const state = resumed.state();
      resumed.dispose();
      resumed = new MovingAverage(tensorflow, model, false, 0.99, state);
    }
    expect(resumed.state()).toEqual(whole.state());
    expect(whole.model().read().duals).toEqual(model.duals);
    expect(whole.model().read().primal.weights).not.toEqual(model.primal.weights);
    for (const part of [whole, resumed, trained, loaded]) part.dispose();
  });

  it("leaves no tensor behind", () => {
    const useOnce = () => {
      const average = new MovingAverage(tensorflow, model, true, 0.9);
      const { values } = average.state();
      const next = tensorflow.tf.tensor1d(values);
      average.update(next);
      next.dispose();
      average.model();
      average.dispose();
      return tensorflow.tf.memory().numTensors;
    };
    expect(useOnce()).toBe(useOnce());
  });
});
