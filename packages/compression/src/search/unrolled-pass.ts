import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { FlatParameters } from "../flat-parameters.ts";
import type { GroupValues } from "./architecture.ts";
import type { MaskedPass, MaskedStep } from "./masked-step.ts";
import { unrolledGradient } from "./unrolled-gradient.ts";
import { vectorNorm } from "./vector-norm.ts";

interface UnrolledPassOptions {
  tensorflow: TensorFlow;
  masked: MaskedStep;
  weights: FlatParameters;
  alphas: GroupValues;
  /** ξ: how far the weights would step on the training images. */
  learningRate: number;
}

/**
 * The second-order gradient of α on the validation images, by four passes; the weights are left as they were. As in
 * DARTS, the step that is looked ahead is one of plain gradient descent.
 */
export function unrolledPass(
  { tensorflow, masked, weights, alphas, learningRate }: UnrolledPassOptions,
  trainingImages: readonly Tensor[],
  validationImages: readonly Tensor[],
): MaskedPass {
  const { tf } = tensorflow;
  const original = weights.values.clone();
  const moveTo = (direction: Tensor, step: number) =>
    weights.assign(tf.tidy(() => tf.add(original, tf.mul(direction, tf.scalar(step)))));
  const training = masked.pass(trainingImages, alphas, { architecture: false, weights: true });
  const trainingGradient = training.weights as Tensor;
  moveTo(trainingGradient, -learningRate);
  const validation = masked.pass(validationImages, alphas, { architecture: true, weights: true });
  const direction = validation.weights as Tensor;
  let finite = training.finite && validation.finite;
  const architecture =
    finite && validation.architecture
      ? unrolledGradient({
          learningRate,
          validationGradient: validation.architecture,
          directionNorm: vectorNorm(tensorflow, direction),
          trainingGradientAt(step) {
            moveTo(direction, step);
            const pass = masked.pass(trainingImages, alphas, { architecture: true, weights: false });
            finite &&= pass.finite;
            return pass.architecture as GroupValues;
          },
        })
      : undefined;
  weights.assign(original);
  tf.dispose([trainingGradient, direction]);
  return { loss: validation.loss, finite, architecture, weights: undefined };
}
