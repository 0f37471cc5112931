import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { Operations } from "./operations.ts";

/**
 * The gradients that arrive at each node from its readers, summed when the node's turn comes.
 *
 * One tensor may stand for the gradient of several nodes (an addition passes its own on to both inputs), so
 * tensors are counted, and freed when nobody needs them any more.
 */
export class GradientSums {
  private readonly operations: Operations;
  private readonly parts = new Map<string, Tensor[]>();
  private readonly holders = new Map<Tensor, number>();

  constructor(operations: Operations) {
    this.operations = operations;
  }

  has(node: string): boolean {
    return this.parts.has(node);
  }

  /** Adds a gradient that stays the caller's. */
  borrow(node: string, gradient: Tensor): void {
    // One more holder than there are users: the count never reaches zero here.
    this.holders.set(gradient, (this.holders.get(gradient) ?? 1) + 1);
    this.append(node, gradient);
  }

  /** Adds a gradient that a node made, or the one it was given and passes on. */
  give(node: string, gradient: Tensor): void {
    this.holders.set(gradient, (this.holders.get(gradient) ?? 0) + 1);
    this.append(node, gradient);
  }

  /** The sum for a node, at its full shape. The caller releases it. */
  take(node: string, shape: readonly number[] | undefined): Tensor {
    const parts = this.parts.get(node) ?? [];
    this.parts.delete(node);
    const full = parts.filter((part) => part.shape[1] !== 1 || part.shape[2] !== 1 || isFull(part, shape));
    const uniform = parts.filter((part) => !full.includes(part));
    let sum = full[0];
    if (full.length > 1) {
      sum = full.length === 2 ? this.operations.add(full[0], full[1]) : this.operations.addAll(full);
      this.adopt(sum);
      for (const part of full) this.release(part);
    }
    for (const part of uniform) {
      const next = sum ? this.operations.add(sum, part) : this.operations.broadcastTo(part, shape ?? part.shape);
      this.adopt(next);
      if (sum) this.release(sum);
      this.release(part);
      sum = next;
    }
    return sum;
  }

  release(tensor: Tensor): void {
    const left = (this.holders.get(tensor) ?? 0) - 1;
    if (left > 0) this.holders.set(tensor, left);
    else {
      this.holders.delete(tensor);
      tensor.dispose();
    }
  }

  /** Frees what no node has taken. */
  dispose(): void {
    for (const parts of this.parts.values()) for (const part of parts) this.release(part);
    this.parts.clear();
  }

  private adopt(tensor: Tensor): void {
    this.holders.set(tensor, (this.holders.get(tensor) ?? 0) + 1);
  }

  private append(node: string, gradient: Tensor): void {
    const parts = this.parts.get(node);
    if (parts) parts.push(gradient);
    else this.parts.set(node, [gradient]);
  }
}

function isFull(part: Tensor, shape: readonly number[] | undefined): boolean {
  return !shape || (part.shape[1] === shape[1] && part.shape[2] === shape[2]);
}
