import { cpus } from "node:os";
import type { RuntimeInfo } from "@drc/contracts";
import type { TensorFlow } from "@drc/tensorflow";

/** What this process computes with. */
export function describeRuntime(tensorflow: TensorFlow): RuntimeInfo {
  const { backend, tensorflowVersion, tfjsVersion, device, threads, oneDnn, ownKernels } = tensorflow.describe();
  return {
    backend,
    tensorflowVersion,
    device,
    threads,
    processor: cpus()[0]?.model,
    node: process.version,
    flags: { tfjs: tfjsVersion, oneDnn: String(oneDnn), ownKernels: ownKernels ?? "none" },
  };
}
