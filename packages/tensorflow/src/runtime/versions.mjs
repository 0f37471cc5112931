import { cacheEntry } from "@drc/provision";

export const TENSORFLOW_VERSION = "2.21.0";

/** @typedef {"cpu" | "gpu"} Device */

/** CUDA libraries that the GPU wheel of this version asks for (its extra `and-cuda`), pinned. */
const CUDA_WHEELS = [
  "nvidia-cublas-cu12==12.9.3.13",
  "nvidia-cuda-cupti-cu12==12.9.79",
  "nvidia-cuda-nvcc-cu12==12.9.86",
  "nvidia-cuda-nvrtc-cu12==12.9.86",
  "nvidia-cuda-runtime-cu12==12.9.79",
  "nvidia-cudnn-cu12==9.28.0.42",
  "nvidia-cufft-cu12==11.4.1.4",
  "nvidia-curand-cu12==10.3.10.19",
  "nvidia-cusolver-cu12==11.7.5.82",
  "nvidia-cusparse-cu12==12.5.10.65",
  "nvidia-nccl-cu12==2.32.3",
  "nvidia-nvjitlink-cu12==12.9.86",
];

/** What to download for a device, and the disk space that making the runtime takes at its peak. */
export const RECIPES = {
  cpu: { wheel: `tensorflow-cpu==${TENSORFLOW_VERSION}`, cudaWheels: /** @type {string[]} */ ([]), peakBytes: 1.2e9 },
  gpu: { wheel: `tensorflow==${TENSORFLOW_VERSION}`, cudaWheels: CUDA_WHEELS, peakBytes: 9e9 },
};

/**
 * The addon is compiled for one Node ABI and finds the libraries relative to itself, so both live in one entry.
 *
 * @param {Device} device
 * @returns {string} the runtime's folder in the cache
 */
export function runtimeFolder(device) {
  return cacheEntry(
    `tensorflow-${TENSORFLOW_VERSION}-${device}-${process.platform}-${process.arch}-node${process.versions.modules}`,
  );
}
