/** What to multiply a gradient by so that its norm is at most `limit`, as PyTorch's `clip_grad_norm_` does. */
export function clipFactor(norm: number, limit: number): number {
  return Math.min(1, limit / (norm + 1e-6));
}
