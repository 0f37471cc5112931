import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { inputDualGradients } from "./input-dual-loss.ts";
import type { LoadedNetwork } from "./loaded-model.ts";
import { type DualRegressionGradients, meanAbsoluteError } from "./loss.ts";

/**
 * The loss of fine-tuning without HR images: Σ_s mean|SR_s − SR_s of the original network| over the outputs, plus λ
 * times the dual loss of the input alone.
 *
 * @param outputs, originalOutputs at the same scales, `[batch, height, width, 3]` each.
 * @param input what both networks got.
 * @param dualWeight λ, with the weight 1 for the first part.
 */
export function originalOutputGradients(
  tensorflow: TensorFlow,
  primal: LoadedNetwork,
  duals: readonly LoadedNetwork[],
  outputs: readonly Tensor[],
  originalOutputs: readonly Tensor[],
  input: Tensor,
  dualWeight: number,
): DualRegressionGradients {
  const { tf, operations: op } = tensorflow;
  const errors = outputs.map((output, i) => meanAbsoluteError(tensorflow, output, originalOutputs[i], 1));
  const primalLosses = errors.map(({ loss }) => loss);
  if (duals.length === 0) {
    const outputGradients = errors.map(({ gradient }) => gradient);
    const dispose = () => tf.dispose([...primalLosses, ...outputGradients]);
    return { primalLosses, dualLosses: [], outputGradients, dualGradients: [], dispose };
  }
  const dual = inputDualGradients(tensorflow, primal, duals, outputs, input, dualWeight, true);
  const outputGradients = errors.map(({ gradient }, i) => {
    const ofDual = dual.outputGradients[i];
    if (!ofDual) return gradient;
    const sum = op.add(gradient, ofDual);
    gradient.dispose();
    return sum;
  });
  return {
    ...dual,
    primalLosses,
    outputGradients,
    dispose() {
      dual.dispose();
      tf.dispose([...primalLosses, ...outputGradients]);
    },
  };
}
