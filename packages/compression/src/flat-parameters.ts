import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { LoadedNetwork } from "./loaded-model.ts";

/**
 * All trainable parameters of several networks as one vector.
 *
 * An optimiser step is then a dozen operations in all, and not a dozen for each of some hundred tensors. The
 * update is elementwise, so it equals one optimiser for each network.
 */
export class FlatParameters {
  private readonly tensorflow: TensorFlow;
  private readonly entries: { network: LoadedNetwork; name: string; shape: number[]; size: number }[];
  private vector: Tensor;

  constructor(tensorflow: TensorFlow, networks: readonly LoadedNetwork[]) {
    this.tensorflow = tensorflow;
    this.entries = networks.flatMap((network) =>
      network.compiled.parameters
        .filter((info) => info.trainable)
        .map(({ name, shape }) => ({ network, name, shape, size: shape.reduce((a, b) => a * b, 1) })),
    );
    this.vector = this.flatten((network, name) => network.parameters.get(name) as Tensor);
  }

  get size(): number {
    return this.entries.reduce((sum, entry) => sum + entry.size, 0);
  }

  /** `[size]`; owned by this object. */
  get values(): Tensor {
    return this.vector;
  }

  /** One vector out of a tensor for each parameter, in this object's order; the caller disposes it. */
  flatten(tensorOf: (network: LoadedNetwork, name: string) => Tensor): Tensor {
    const { tf, operations } = this.tensorflow;
    const made: Tensor[] = [];
    const flats = this.entries.map(({ network, name, shape, size }) => {
      const tensor = tensorOf(network, name);
      // Biases, half of all, are flat as they are.
      if (shape.length === 1) return tensor;
      const flat = operations.reshape(tensor, [size]);
      made.push(flat);
      return flat;
    });
    const vector = operations.concat(flats, 0);
    tf.dispose(made);
    return vector;
  }

  /** Takes over `vector` as the new values and hands each network its part. */
  assign(vector: Tensor): void {
    const { operations } = this.tensorflow;
    this.vector.dispose();
    this.vector = vector;
    const pieces = operations.split(
      vector,
      this.entries.map((entry) => entry.size),
    );
    this.entries.forEach(({ network, name, shape }, i) => {
      network.parameters.get(name)?.dispose();
      if (shape.length === 1) {
        network.parameters.set(name, pieces[i]);
        return;
      }
      network.parameters.set(name, operations.reshape(pieces[i], shape));
      pieces[i].dispose();
    });
  }

  dispose(): void {
    this.vector.dispose();
  }
}
