import { cpus, freemem, totalmem } from "node:os";
import type { WorkerUsage } from "@drc/contracts";
import { readGpus } from "./gpus.ts";

interface CpuTimes {
  busyMs: number;
  totalMs: number;
}

/** How busy the machine is, from one question to the next. */
export class MachineUsage {
  private readonly hasGpu: boolean;
  private before = cpuTimes();

  /** Without GPUs nobody is asked about them. */
  constructor(hasGpu: boolean) {
    this.hasGpu = hasGpu;
  }

  async read(): Promise<WorkerUsage> {
    const now = cpuTimes();
    const cpuShare = shareBetween(this.before, now);
    this.before = now;
    const gpus = this.hasGpu ? await readGpus() : [];
    const memoryTotalBytes = totalmem();
    return {
      cpuShare,
      memoryUsedBytes: memoryTotalBytes - freemem(),
      memoryTotalBytes,
      gpus: gpus.map(({ uuid: _, ...gpu }) => gpu),
    };
  }
}

/** Of the processor time between two moments the share that was not idle, 0 to 1. */
export function shareBetween(before: CpuTimes, after: CpuTimes): number {
  const total = after.totalMs - before.totalMs;
  return total <= 0 ? 0 : Math.min(1, Math.max(0, (after.busyMs - before.busyMs) / total));
}

function cpuTimes(): CpuTimes {
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    totalMs += all;
    busyMs += all - times.idle;
  }
  return { busyMs, totalMs };
}
