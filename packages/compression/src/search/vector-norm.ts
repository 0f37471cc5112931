import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";

/** ‖v‖₂ of a vector. */
export function vectorNorm({ tf }: TensorFlow, vector: Tensor): number {
  const norm = tf.tidy(() => tf.sqrt(tf.sum(tf.square(vector))));
  const value = norm.dataSync<"float32">()[0];
  norm.dispose();
  return value;
}
