import { execFile } from "node:child_process";
import { promisify } from "node:util";

const QUERY = ["--query-gpu=index,uuid,memory.used,memory.total", "--format=csv,noheader,nounits"];
const ANSWER_WITHIN_MS = 5_000;

export interface DeviceMemory {
  /** As nvidia-smi numbers it. */
  index: string;
  uuid: string;
  usedBytes: number;
  totalBytes: number;
}

/** Memory of the machine's NVIDIA GPUs; none where nvidia-smi is not there or does not answer. */
export async function readDeviceMemory(): Promise<DeviceMemory[]> {
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", QUERY, { timeout: ANSWER_WITHIN_MS });
    return parseDeviceMemory(stdout);
  } catch {
    return [];
  }
}

/** Lines such as `0, GPU-5d1f…, 1024, 81559`, in MiB; a GPU that says "[N/A]" is left out. */
export function parseDeviceMemory(csv: string): DeviceMemory[] {
  return csv.split("\n").flatMap((line) => {
    const [, index, uuid, used, total] = /^(\d+), ([\w-]+), (\d+), (\d+)$/.exec(line.trim()) ?? [];
    if (index === undefined) return [];
    return { index, uuid, usedBytes: Number(used) * 2 ** 20, totalBytes: Number(total) * 2 ** 20 };
  });
}
