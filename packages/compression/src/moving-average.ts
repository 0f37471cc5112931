import type { Model } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { FlatParameters } from "./flat-parameters.ts";
import { LoadedModel } from "./loaded-model.ts";

export interface MovingAverageState {
  values: Float32Array;
  updates: number;
}

/**
 * Decay of the n-th update, n from 1: the smaller of `decay` and (1 + n) / (10 + n), so that the average does not hold
 * on to the weights of the start (as TensorFlow's ExponentialMovingAverage with its number of updates).
 */
export function averageDecay(decay: number, update: number): number {
  return Math.min(decay, (1 + update) / (10 + update));
}

/** The exponential moving average of a model's trainable parameters, with a copy of the model to use it in. */
export class MovingAverage {
  private readonly tensorflow: TensorFlow;
  private readonly decay: number;
  private readonly copy: LoadedModel;
  private readonly parameters: FlatParameters;
  private values: Tensor;
  private updates: number;

  /** `model` is the trained one at its start; with `trainsDuals` its dual networks are averaged as well. */
  constructor(tensorflow: TensorFlow, model: Model, trainsDuals: boolean, decay: number, state?: MovingAverageState) {
    this.tensorflow = tensorflow;
    this.decay = decay;
    this.copy = new LoadedModel(tensorflow, model);
    this.parameters = new FlatParameters(tensorflow, trainsDuals ? this.copy.networks : [this.copy.primal]);
    if (state && state.values.length !== this.parameters.size) {
      throw new Error(
        `The moving average has ${state.values.length} values; the networks have ${this.parameters.size} parameters.`,
      );
    }
    this.values = state ? tensorflow.tf.tensor1d(state.values) : this.parameters.values.clone();
    this.updates = state?.updates ?? 0;
  }

  /** Takes in the values after a step, `[size]` in the order of `FlatParameters`; they stay the caller's. */
  update(values: Tensor): void {
    const { tf, operations: op } = this.tensorflow;
    this.updates++;
    const share = 1 - averageDecay(this.decay, this.updates);
    const next = tf.tidy(() => op.add(this.values, op.multiply(op.subtract(values, this.values), tf.scalar(share))));
    this.values.dispose();
    this.values = next;
  }

  /** The model with the averaged weights, until the next update; owned by this object. */
  model(): LoadedModel {
    this.parameters.assign(this.values.clone());
    return this.copy;
  }

  state(): MovingAverageState {
    return { values: this.values.dataSync<"float32">() as Float32Array, updates: this.updates };
  }

  dispose(): void {
    this.values.dispose();
    this.parameters.dispose();
    this.copy.dispose();
  }
}
