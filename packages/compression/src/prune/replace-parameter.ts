import type { Parameters, TensorFlow } from "@drc/tensorflow";

/** Replaces a parameter by new values in the executor's layout; the old tensor is disposed. */
export function replaceParameter(
  { tf }: TensorFlow,
  parameters: Parameters,
  name: string,
  data: Float32Array,
  shape: number[],
): void {
  parameters.get(name)?.dispose();
  parameters.set(name, tf.tensor(data, shape, "float32"));
}
