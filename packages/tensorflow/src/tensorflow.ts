/**
 * TensorFlow, loaded once per process on one device with a stated number of threads.
 *
 * Nothing here falls back to JavaScript: where the native runtime cannot be loaded, `loadTensorFlow` throws.
 */
import { createRequire } from "node:module";
import type * as tfjs from "@tensorflow/tfjs-node-gpu";
import { withoutNativeGreeting } from "./native-greeting.ts";
import { createOperations, type NativeBackend, type Operations } from "./operations.ts";
import { INSTRUCTION_SETS, loadOwnOperations } from "./own-operations.ts";
import { isRuntimeLinked, linkRuntime, OWN_OPERATIONS_HASH } from "./runtime/index.mjs";

export type Device = "cpu" | "gpu";

export interface TensorFlowOptions {
  device: Device;
  /** Threads of one operation. Results are bit-equal only between runs with the same number. */
  threads: number;
}

/** What a job records about the program that computed it. */
export interface RuntimeDescription {
  backend: string;
  tensorflowVersion: string;
  tfjsVersion: string;
  device: Device;
  threads: number;
  /** TensorFlow's oneDNN kernels, which change results in the last bits. */
  oneDnn: boolean;
  /**
   * Which kernels of our own are used: the hash of their sources and the instruction set, `avx2` or `avx512`. They change
   * results in the last bits too.
   */
  ownKernels: string | undefined;
}

export interface TensorFlow {
  tf: typeof tfjs;
  operations: Operations;
  describe(): RuntimeDescription;
}

let loaded: { options: TensorFlowOptions; tensorflow: TensorFlow } | undefined;

/**
 * Loads the native runtime. The first call decides on device and threads for the whole process; a later call
 * with other options is an error, because TensorFlow cannot change them once it runs.
 */
export async function loadTensorFlow(options: TensorFlowOptions): Promise<TensorFlow> {
  if (loaded) {
    if (loaded.options.device !== options.device || loaded.options.threads !== options.threads) {
      throw new Error(
        `TensorFlow runs in this process on ${loaded.options.device} with ${loaded.options.threads} threads; ` +
          `${options.device} with ${options.threads} threads needs a process of its own.`,
      );
    }
    return loaded.tensorflow;
  }
  if (!Number.isInteger(options.threads) || options.threads < 1) {
    throw new Error(`threads: ${options.threads} is not a whole number of at least 1.`);
  }
  // Read by TensorFlow when it is loaded, so they have to be set here and not by a caller.
  process.env.TF_NUM_INTRAOP_THREADS = String(options.threads);
  process.env.TF_NUM_INTEROP_THREADS = "1";
  process.env.OMP_NUM_THREADS = String(options.threads);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  // By default TensorFlow uses oneDNN on processors with AVX-512 only; with AVX2 a training step gains a third by it.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  if (options.device === "cpu") process.env.CUDA_VISIBLE_DEVICES = "-1";

  // The GPU's runtime also computes on a CPU: where it is linked, it stays.
  if (options.device === "gpu" || !isRuntimeLinked("gpu")) linkRuntime(options.device);
  const tf = withoutNativeGreeting(() => createRequire(import.meta.url)("@tensorflow/tfjs-node-gpu") as typeof tfjs);
  await tf.ready();
  if (tf.getBackend() !== "tensorflow") {
    throw new Error(`The native TensorFlow backend is needed; this process has "${tf.getBackend()}".`);
  }
  const backend = tf.backend() as unknown as NativeBackend;
  if (options.device === "gpu" && !backend.isUsingGpuDevice) {
    throw new Error("device: gpu was asked for, but TensorFlow found no GPU; use cpu, or check the driver and CUDA.");
  }
  const [fastest] = loadOwnOperations().lanes;
  const lanes = options.device === "cpu" ? fastest : undefined;
  const description: RuntimeDescription = {
    backend: "tensorflow",
    tensorflowVersion: backend.binding.TF_Version,
    tfjsVersion: tf.version["tfjs-core"],
    device: options.device,
    threads: options.threads,
    oneDnn: process.env.TF_ENABLE_ONEDNN_OPTS !== "0",
    ownKernels: lanes && `${OWN_OPERATIONS_HASH} ${INSTRUCTION_SETS[lanes]}`,
  };
  const tensorflow: TensorFlow = {
    tf,
    operations: createOperations(tf, backend, { ...description, lanes }),
    describe: () => description,
  };
  loaded = { options: { ...options }, tensorflow };
  return tensorflow;
}
