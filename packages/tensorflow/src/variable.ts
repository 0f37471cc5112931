/**
 * Values that operations change in place.
 *
 * TF.js's own variables are tensors that are replaced at each assignment; TensorFlow's optimisers, one operation for a
 * whole update, want a resource.
 */
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { TensorFlow } from "./tensorflow.ts";

export class Variable {
  private readonly tensorflow: TensorFlow;
  /** The resource, as the operations take it. */
  readonly handle: Tensor;

  /** Starts with the values of `initial`, which stays the caller's. */
  constructor(tensorflow: TensorFlow, initial: Tensor) {
    this.tensorflow = tensorflow;
    this.handle = tensorflow.operations.createVariable(initial.shape);
    this.assign(initial);
  }

  /** Takes over the values of `tensor`, which stays the caller's and as it is. */
  assign(tensor: Tensor): void {
    this.tensorflow.operations.assignVariable(this.handle, tensor);
  }

  /** The present values; the caller disposes them. */
  read(): Tensor {
    return this.tensorflow.operations.readVariable(this.handle);
  }

  dispose(): void {
    this.handle.dispose();
  }
}
