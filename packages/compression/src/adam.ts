import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";

export interface AdamSettings {
  beta1: number;
  beta2: number;
  epsilon: number;
}

export const ADAM_DEFAULTS: AdamSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export interface AdamState {
  first: Float32Array;
  second: Float32Array;
  /** β₁ᵗ and β₂ᵗ by repeated multiplication: a power computed anew would change the last bits after a resume. */
  beta1Product: number;
  beta2Product: number;
}

/**
 * Adam over one vector (Kingma and Ba 2015), ε added after the bias correction as PyTorch does:
 * θ ← θ − η·m̂ / (√v̂ + ε).
 */
export class Adam {
  private readonly tensorflow: TensorFlow;
  private readonly settings: AdamSettings;
  private first: Tensor;
  private second: Tensor;
  private beta1Product: number;
  private beta2Product: number;

  constructor(tensorflow: TensorFlow, size: number, state?: AdamState, settings: AdamSettings = ADAM_DEFAULTS) {
    const { tf } = tensorflow;
    if (state && state.first.length !== size) {
      throw new Error(`The optimiser state has ${state.first.length} values; the networks have ${size} parameters.`);
    }
    this.tensorflow = tensorflow;
    this.settings = settings;
    this.first = tf.tensor1d(state?.first ?? new Float32Array(size));
    this.second = tf.tensor1d(state?.second ?? new Float32Array(size));
    this.beta1Product = state?.beta1Product ?? 1;
    this.beta2Product = state?.beta2Product ?? 1;
  }

  /** The new values, a new tensor; `values` and `gradient` stay the caller's. All are `[size]`. */
  step(values: Tensor, gradient: Tensor, learningRate: number): Tensor {
    const { tf, operations: op } = this.tensorflow;
    const { beta1, beta2, epsilon } = this.settings;
    this.beta1Product *= beta1;
    this.beta2Product *= beta2;
    const scale = learningRate / (1 - this.beta1Product);
    const correction = 1 / Math.sqrt(1 - this.beta2Product);

    const [first, second, next] = tf.tidy(() => {
      const m = op.add(this.first, op.multiply(op.subtract(gradient, this.first), tf.scalar(1 - beta1)));
      const v = op.add(
        op.multiply(this.second, tf.scalar(beta2)),
        op.multiply(op.square(gradient), tf.scalar(1 - beta2)),
      );
      const denominator = op.add(op.multiply(op.squareRoot(v), tf.scalar(correction)), tf.scalar(epsilon));
      return [m, v, op.subtract(values, op.multiply(op.divide(m, denominator), tf.scalar(scale)))];
    });
    tf.dispose([this.first, this.second]);
    this.first = first;
    this.second = second;
    return next;
  }

  state(): AdamState {
    return {
      first: this.first.dataSync<"float32">() as Float32Array,
      second: this.second.dataSync<"float32">() as Float32Array,
      beta1Product: this.beta1Product,
      beta2Product: this.beta2Product,
    };
  }

  dispose(): void {
    this.tensorflow.tf.dispose([this.first, this.second]);
  }
}
