import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { FlatParameters } from "./flat-parameters.ts";
import type { LoadedModel, LoadedNetwork } from "./loaded-model.ts";
import { dualRegressionGradients } from "./loss.ts";

/** Loss of one batch, read from the device. */
export interface StepLoss {
  /** L_P + λ·L_D */
  total: number;
  /** L_P, summed over the outputs. */
  primal: number;
  /** L_D, summed over the dual networks, without λ; 0 where λ is. */
  dual: number;
  /** ‖gradient‖₂ over all trainable parameters. */
  gradientNorm: number;
  finite: boolean;
}

/** One step's loss with the gradient of all trainable parameters as one vector, in the order of `parameters`. */
export interface StepGradient {
  loss: StepLoss;
  gradient: Tensor;
}

/** The dual regression loss of a model's networks over batches, with gradients for all of their parameters. */
export class RegressionStep {
  readonly parameters: FlatParameters;
  private readonly tensorflow: TensorFlow;
  private readonly model: LoadedModel;
  private readonly duals: LoadedNetwork[];
  private readonly dualWeight: number;

  /** With `dualWeight` (λ) 0 the dual networks are neither computed nor trained. */
  constructor(tensorflow: TensorFlow, model: LoadedModel, dualWeight: number) {
    this.tensorflow = tensorflow;
    this.model = model;
    this.dualWeight = dualWeight;
    this.duals = dualWeight === 0 ? [] : model.duals;
    this.parameters = new FlatParameters(tensorflow, [model.primal, ...this.duals]);
  }

  /** `images[i]` at ×2^i of the network's input, as in `Batch`. The caller disposes the gradient. */
  gradient(images: readonly Tensor[]): StepGradient {
    const { tensorflow, model, duals, dualWeight } = this;
    const { tf, operations: op } = tensorflow;
    const run = model.primal.compiled.forward(model.primal.parameters, images[0], { keep: "gradients" });
    const parts = dualRegressionGradients(
      tensorflow,
      model.primal,
      duals,
      run.outputs,
      images,
      { primal: 1, dual: dualWeight },
      true,
    );
    const primalGradients = run.backward(parts.outputGradients).parameters;
    run.dispose();
    const gradient = this.parameters.flatten((network, name) => {
      const gradients = network === model.primal ? primalGradients : parts.dualGradients[duals.indexOf(network)];
      const tensor = gradients.get(name);
      if (!tensor) throw new Error(`The loss has no gradient for "${name}".`);
      return tensor;
    });
    for (const tensor of primalGradients.values()) tensor.dispose();

    // One read for all scalars: each read waits for the device.
    const halfSquare = op.halfSumOfSquares(gradient);
    const scalars = [...parts.primalLosses, ...parts.dualLosses, halfSquare].map((scalar) => op.reshape(scalar, [1]));
    const together = op.concat(scalars, 0);
    const values = [...together.dataSync<"float32">()];
    tf.dispose([halfSquare, together, ...scalars]);
    const primal = sum(values.slice(0, parts.primalLosses.length));
    const dual = sum(values.slice(parts.primalLosses.length, -1));
    parts.dispose();
    const gradientNorm = Math.sqrt(2 * values[values.length - 1]);
    const total = primal + dualWeight * dual;
    return {
      loss: { total, primal, dual, gradientNorm, finite: Number.isFinite(total) && Number.isFinite(gradientNorm) },
      gradient,
    };
  }

  dispose(): void {
    this.parameters.dispose();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
