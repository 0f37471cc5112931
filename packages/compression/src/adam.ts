import { type TensorFlow, Variable } from "@drc/tensorflow";
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
 * θ ← θ − η·m̂ / (√v̂ + ε). All of it is one operation of TensorFlow's, on moments that stay on the device.
 */
export class Adam {
  private readonly tensorflow: TensorFlow;
  private readonly settings: AdamSettings;
  private readonly values: Variable;
  private readonly first: Variable;
  private readonly second: Variable;
  private beta1Product: number;
  private beta2Product: number;

  constructor(tensorflow: TensorFlow, size: number, state?: AdamState, settings: AdamSettings = ADAM_DEFAULTS) {
    if (state && state.first.length !== size) {
      throw new Error(`The optimiser state has ${state.first.length} values; the networks have ${size} parameters.`);
    }
    this.tensorflow = tensorflow;
    this.settings = settings;
    const variable = (values: Float32Array) => {
      const initial = tensorflow.tf.tensor1d(values);
      const variable = new Variable(tensorflow, initial);
      initial.dispose();
      return variable;
    };
    // TensorFlow computes on the very memory of a typed array: the state stays the caller's.
    this.first = variable(state ? state.first.slice() : new Float32Array(size));
    this.second = variable(state ? state.second.slice() : new Float32Array(size));
    this.values = variable(new Float32Array(size));
    this.beta1Product = state?.beta1Product ?? 1;
    this.beta2Product = state?.beta2Product ?? 1;
  }

  /** The new values, a new tensor; `values` and `gradient` stay the caller's. All are `[size]`. */
  step(values: Tensor, gradient: Tensor, learningRate: number): Tensor {
    const { tf, operations } = this.tensorflow;
    const { beta1, beta2, epsilon } = this.settings;
    this.beta1Product *= beta1;
    this.beta2Product *= beta2;
    // η·m̂/(√v̂ + ε) with the corrections drawn out of the fraction.
    const secondCorrection = Math.sqrt(1 - this.beta2Product);
    const rate = tf.scalar((learningRate * secondCorrection) / (1 - this.beta1Product));
    const scaledEpsilon = tf.scalar(epsilon * secondCorrection);
    this.values.assign(values);
    operations.applyAdam(
      { values: this.values.handle, first: this.first.handle, second: this.second.handle },
      { rate, epsilon: scaledEpsilon, beta1: operations.constant(beta1), beta2: operations.constant(beta2) },
      gradient,
    );
    tf.dispose([rate, scaledEpsilon]);
    return this.values.read();
  }

  state(): AdamState {
    return {
      first: valuesOf(this.first),
      second: valuesOf(this.second),
      beta1Product: this.beta1Product,
      beta2Product: this.beta2Product,
    };
  }

  dispose(): void {
    for (const variable of [this.values, this.first, this.second]) variable.dispose();
  }
}

function valuesOf(variable: Variable): Float32Array {
  const tensor = variable.read();
  const values = tensor.dataSync<"float32">() as Float32Array;
  tensor.dispose();
  return values;
}
