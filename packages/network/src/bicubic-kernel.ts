const KEYS_A = -0.75;

/** Keys' cubic kernel with a = −0.75, PyTorch's choice: what `resize` nodes weigh their four taps by. */
export function bicubicKernel(distance: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return ((KEYS_A + 2) * x - (KEYS_A + 3)) * x * x + 1;
  if (x < 2) return ((KEYS_A * x - 5 * KEYS_A) * x + 8 * KEYS_A) * x - 4 * KEYS_A;
  return 0;
}
