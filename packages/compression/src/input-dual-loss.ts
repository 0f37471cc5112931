/**
 * The dual loss of images of which nothing but the network's input is known: every output above the input's size is
 * mapped down to it through the dual networks and compared with it, Σ_i mean|D_0(…D_{i−1}(SR_i)) − input|.
 *
 * It is the whole loss of images without an HR twin (METHOD, section 2), and guides the second-order choice of
 * channels where there are only LR images (section 4b).
 */
import { INPUT, networkScale, scaleLevel } from "@drc/network";
import type { Run, TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { LoadedNetwork } from "./loaded-model.ts";
import { type DualRegressionGradients, meanAbsoluteError } from "./loss.ts";

/**
 * @param outputs of the primal network, `[batch, height, width, 3]` each, in the order of its graph's outputs.
 * @param input what the network got, `[batch, height, width, 3]`, RGB in 0..255.
 * @param weight of the loss in the gradients.
 */
export function inputDualGradients(
  tensorflow: TensorFlow,
  primal: LoadedNetwork,
  duals: readonly LoadedNetwork[],
  outputs: readonly Tensor[],
  input: Tensor,
  weight: number,
  wantDualParameters: boolean,
): DualRegressionGradients {
  const { tf, operations: op } = tensorflow;
  const { graph } = primal.compiled;
  const top = scaleLevel(networkScale(graph));
  if (duals.length !== top) {
    throw new Error(`A network of scale ${2 ** top} needs ${top} dual networks, got ${duals.length}.`);
  }
  const dualLosses: Tensor[] = [];
  const dualGradients: Map<string, Tensor>[] = duals.map(() => new Map());
  const outputGradients = outputs.map((output, i) => {
    const level = scaleLevel(graph.outputs[i].scale);
    if (level === 0) return undefined;
    const runs: Run[] = [];
    for (let dual = level - 1; dual >= 0; dual--) {
      const { compiled, parameters } = duals[dual];
      runs.push(compiled.forward(parameters, runs.at(-1)?.outputs[0] ?? output, { keep: "gradients" }));
    }
    const error = meanAbsoluteError(tensorflow, runs[level - 1].outputs[0], input, weight);
    dualLosses.push(error.loss);
    let { gradient } = error;
    for (let dual = 0; dual < level; dual++) {
      const { parameters, nodes } = runs[level - 1 - dual].backward([gradient], {
        parameters: wantDualParameters ? "all" : "none",
        nodes: new Set([INPUT]),
      });
      gradient.dispose();
      gradient = nodes.get(INPUT) as Tensor;
      for (const [name, tensor] of parameters) {
        const before = dualGradients[dual].get(name);
        dualGradients[dual].set(name, before ? op.add(before, tensor) : tensor);
        if (before) tf.dispose([before, tensor]);
      }
    }
    for (const run of runs) run.dispose();
    return gradient;
  });
  return {
    primalLosses: [],
    dualLosses,
    outputGradients,
    dualGradients,
    dispose() {
      tf.dispose([...dualLosses, ...outputGradients.filter((gradient) => gradient !== undefined)]);
      for (const gradients of dualGradients) for (const tensor of gradients.values()) tensor.dispose();
    },
  };
}
