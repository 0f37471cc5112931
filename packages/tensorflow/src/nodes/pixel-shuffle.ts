import type { PixelShuffleNode } from "@drc/network";
import type { KernelFactory } from "./kernel.ts";

/**
 * TensorFlow's depth to space. It takes post-shuffle channel c from channels k·C + c, PyTorch from c·r² + k:
 * the convolution before the shuffle has its outputs permuted when its weights are loaded (`outputOrders`),
 * so no data is moved here.
 */
export const pixelShuffle: KernelFactory<PixelShuffleNode> = ({ operations }, { factor }) => ({
  reads: { inputs: false, output: false },
  forward: ([x]) => operations.depthToSpace(x, factor),
  backward: ({ gradient }) => ({ inputs: [operations.spaceToDepth(gradient, factor)], parameters: [] }),
});
