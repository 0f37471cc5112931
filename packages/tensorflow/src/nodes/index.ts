import type { GraphNode } from "@drc/network";
import type { TensorFlow } from "../tensorflow.ts";
import { leakyRelu, relu, sigmoid } from "./activation.ts";
import { add, concat, globalMean, multiply } from "./combine.ts";
import { scale, shift } from "./constant.ts";
import { convolution } from "./convolution.ts";
import type { NodeKernel } from "./kernel.ts";
import { maxPool } from "./max-pool.ts";
import { pixelShuffle } from "./pixel-shuffle.ts";
import { resize } from "./resize.ts";
import { resizeTo } from "./resize-to.ts";

export function createKernel(tensorflow: TensorFlow, node: GraphNode): NodeKernel {
  switch (node.op) {
    case "conv2d":
      return convolution(tensorflow, node);
    case "relu":
      return relu(tensorflow, node);
    case "leaky-relu":
      return leakyRelu(tensorflow, node);
    case "sigmoid":
      return sigmoid(tensorflow, node);
    case "add":
      return add(tensorflow, node);
    case "multiply":
      return multiply(tensorflow, node);
    case "concat":
      return concat(tensorflow, node);
    case "pixel-shuffle":
      return pixelShuffle(tensorflow, node);
    case "global-mean":
      return globalMean(tensorflow, node);
    case "resize":
      return resize(tensorflow, node);
    case "max-pool":
      return maxPool(tensorflow, node);
    case "resize-to":
      return resizeTo(tensorflow, node);
    case "scale":
      return scale(tensorflow, node);
    case "shift":
      return shift(tensorflow, node);
  }
}
