/**
 * The dual regression loss and its gradients (METHOD: L_P + λ·L_D).
 *
 * L_P = Σ_s mean|SR_s − target_s| over the primal network's outputs; L_D = Σ_i mean|D_i(SR_{i+1}) − LR_i|.
 * `targets[i]` is the image at ×2^i, so `targets[0]` is the network's input and the last one the HR image, which only
 * L_P reads.
 */
import { networkScale, scaleLevel } from "@drc/network";
import type { Run, TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { LoadedNetwork } from "./loaded-model.ts";

export interface LossWeights {
  /** Weight of L_P: 1, or 0 for the dual loss alone. */
  primal: number;
  /** λ, the weight of L_D. */
  dual: number;
}

/** Loss terms as scalars on the device; `dispose` frees all of them and the gradients. */
export interface DualRegressionGradients {
  /** Empty where the weight of L_P is 0. */
  primalLosses: Tensor[];
  dualLosses: Tensor[];
  /** ∂L/∂outputs[i] of the primal network, undefined where the loss does not touch that output. */
  outputGradients: (Tensor | undefined)[];
  /** ∂L/∂parameters of each dual network; empty maps unless asked for. */
  dualGradients: Map<string, Tensor>[];
  dispose(): void;
}

interface AbsoluteError {
  loss: Tensor;
  /** weight·∂loss/∂prediction */
  gradient: Tensor;
}

/** mean|prediction − target| and its gradient times `weight`. */
export function meanAbsoluteError(
  { tf, operations: op }: TensorFlow,
  prediction: Tensor,
  target: Tensor,
  weight: number,
): AbsoluteError {
  const [loss, gradient] = tf.tidy(() => {
    const difference = op.subtract(prediction, target);
    return [
      op.meanOfAll(op.absolute(difference)),
      op.multiply(op.sign(difference), tf.scalar(weight / prediction.size)),
    ];
  });
  return { loss, gradient };
}

/**
 * The loss terms of one batch and ∂L/∂outputs of the primal network, for a caller that goes on backwards.
 *
 * `outputs[i]`: `[batch, height, width, 3]` at the scale of `primal.compiled.graph.outputs[i]`. A dual network whose
 * input is no output of the primal network reads the dual network above it (networks with a single output).
 */
export function dualRegressionGradients(
  tensorflow: TensorFlow,
  primal: LoadedNetwork,
  duals: readonly LoadedNetwork[],
  outputs: readonly Tensor[],
  targets: readonly Tensor[],
  weights: LossWeights,
  wantDualParameters: boolean,
): DualRegressionGradients {
  const { operations: op, tf } = tensorflow;
  const graphOutputs = primal.compiled.graph.outputs;
  const top = scaleLevel(networkScale(primal.compiled.graph));
  const needed = weights.primal === 0 ? top : top + 1;
  if (targets.length < needed) {
    throw new Error(`A network of scale ${2 ** top} needs ${needed} target images, got ${targets.length}.`);
  }

  const primalLosses: Tensor[] = [];
  const outputGradients: (Tensor | undefined)[] = outputs.map((output, i) => {
    if (weights.primal === 0) return undefined;
    const target = targets[scaleLevel(graphOutputs[i].scale)];
    const { loss, gradient } = meanAbsoluteError(tensorflow, output, target, weights.primal);
    primalLosses.push(loss);
    return gradient;
  });

  const dualLosses: Tensor[] = [];
  const dualGradients: Map<string, Tensor>[] = duals.map(() => new Map());
  if (weights.dual !== 0 && duals.length > 0) {
    const outputAt = (at: number) => graphOutputs.findIndex((output) => scaleLevel(output.scale) === at);
    const runs: Run[] = [];
    for (let i = duals.length - 1; i >= 0; i--) {
      const from = outputAt(i + 1);
      const input = from >= 0 ? outputs[from] : runs[i + 1].outputs[0];
      runs[i] = duals[i].compiled.forward(duals[i].parameters, input, { keep: "gradients" });
    }
    // From the smallest scale up: what a dual network hands back may belong to the dual network above it.
    let handedBack: Tensor | undefined;
    for (let i = 0; i < duals.length; i++) {
      const { loss, gradient } = meanAbsoluteError(tensorflow, runs[i].outputs[0], targets[i], weights.dual);
      dualLosses[i] = loss;
      const sum = handedBack ? op.add(gradient, handedBack) : gradient;
      const { parameters, nodes } = runs[i].backward([sum], {
        parameters: wantDualParameters ? "all" : "none",
        nodes: new Set(["input"]),
      });
      tf.dispose([gradient, sum, ...(handedBack ? [handedBack] : [])]);
      handedBack = undefined;
      dualGradients[i] = parameters;
      const intoInput = nodes.get("input") as Tensor;
      const to = outputAt(i + 1);
      if (to < 0) {
        handedBack = intoInput;
        continue;
      }
      const before = outputGradients[to];
      if (before) {
        outputGradients[to] = op.add(before, intoInput);
        tf.dispose([before, intoInput]);
      } else outputGradients[to] = intoInput;
    }
    for (const run of runs) run.dispose();
  }

  return {
    primalLosses,
    dualLosses,
    outputGradients,
    dualGradients,
    dispose() {
      tf.dispose([...primalLosses, ...dualLosses, ...outputGradients.filter((gradient) => gradient !== undefined)]);
      for (const gradients of dualGradients) for (const tensor of gradients.values()) tensor.dispose();
    },
  };
}
