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
  private readonly entries: { network: LoadedNetwork; name: string; shape: number[] }[];
  private vector: Tensor;

  constructor(tensorflow: TensorFlow, networks: readonly LoadedNetwork[]) {
    this.tensorflow = tensorflow;
    this.entries = networks.flatMap((network) =>
      network.compiled.parameters.filter((info) => info.trainable).map(({ name, shape }) => ({ network, name, shape })),
    );
    this.vector = this.flatten((network, name) => network.parameters.get(name) as Tensor);
  }

  get size(): number {
    return this.vector.size;
  }

  /** `[size]`; owned by this object. */
  get values(): Tensor {
    return this.vector;
  }

  /** One vector out of a tensor for each parameter, in this object's order; the caller disposes it. */
  flatten(tensorOf: (network: LoadedNetwork, name: string) => Tensor): Tensor {
    return this.tensorflow.operations.join(this.entries.map(({ network, name }) => tensorOf(network, name)));
  }

  /** Takes over `vector` as the new values and hands each network its part. */
  assign(vector: Tensor): void {
    this.vector.dispose();
    this.vector = vector;
    const tensors = this.tensorflow.operations.part(
      vector,
      this.entries.map((entry) => entry.shape),
    );
    this.entries.forEach(({ network, name }, i) => {
      network.parameters.get(name)?.dispose();
      network.parameters.set(name, tensors[i]);
    });
  }

  dispose(): void {
    this.vector.dispose();
  }
}
