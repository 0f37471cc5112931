import { execFile } from "node:child_process";
import { promisify } from "node:util";

const QUERY = ["--query-gpu=index,uuid,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits"];
const ANSWER_WITHIN_MS = 5_000;

export interface GpuUsage {
  /** As nvidia-smi numbers it. */
  index: string;
  uuid: string;
  /** Share of the last moments in which it computed, 0 to 1; null where it does not tell, as parts of a GPU do not. */
  busyShare: number | null;
  usedBytes: number;
  totalBytes: number;
}

/** Load and memory of the machine's NVIDIA GPUs; none where nvidia-smi is not there or does not answer. */
export async function readGpus(): Promise<GpuUsage[]> {
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", QUERY, { timeout: ANSWER_WITHIN_MS });
    return parseGpus(stdout);
  } catch {
    return [];
  }
}

/** Lines such as `0, GPU-5d1f…, 87, 1024, 81559`, in percent and MiB; a GPU without numbers of its memory is left out. */
export function parseGpus(csv: string): GpuUsage[] {
  return csv.split("\n").flatMap((line) => {
    const [, index, uuid, busy, used, total] = /^(\d+), ([\w-]+), ([^,]+), (\d+), (\d+)$/.exec(line.trim()) ?? [];
    if (index === undefined) return [];
    const busyShare = /^\d+$/.test(busy) ? Number(busy) / 100 : null;
    return { index, uuid, busyShare, usedBytes: Number(used) * 2 ** 20, totalBytes: Number(total) * 2 ** 20 };
  });
}
