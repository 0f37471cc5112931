/** The environment of a job process: what the program needs to run, one device, and nothing secret. */

/** Where programs, the home folder (with the runtime's cache), temporary files and CUDA's libraries are found. */
const PASSED_ON = ["PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "DRC_CACHE", "TZ"];

export interface ChildDevice {
  device: "none" | "cpu" | "gpu";
  /** The one GPU that the child may see, as CUDA names it (an index or a UUID). */
  gpuId?: string;
  threads: number;
}

/**
 * A child sees exactly one device: its GPU, or none (`CUDA_VISIBLE_DEVICES=-1`). The thread count is fixed, because
 * results are bit-equal only at the same count.
 */
export function childEnvironment(
  parent: NodeJS.ProcessEnv,
  { device, gpuId, threads }: ChildDevice,
): NodeJS.ProcessEnv {
  if (device === "gpu" && gpuId === undefined) throw new Error("A GPU slot needs the id of its GPU.");
  const environment: NodeJS.ProcessEnv = {};
  for (const name of PASSED_ON) if (parent[name] !== undefined) environment[name] = parent[name];
  return {
    ...environment,
    CUDA_VISIBLE_DEVICES: device === "gpu" ? gpuId : "-1",
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    TF_CPP_MIN_LOG_LEVEL: "3",
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: "1",
    OMP_NUM_THREADS: String(threads),
    // libuv's pool serves file reads and image decoding; more than the job's threads would take from other slots.
    UV_THREADPOOL_SIZE: String(Math.max(2, threads)),
  };
}
