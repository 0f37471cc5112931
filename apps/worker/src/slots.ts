import type { DeviceClass } from "@drc/contracts";
import { z } from "zod";

/** A place for one job at a time, on one device. */
export interface Slot {
  /** Distinct within the worker, such as `cpu-0`. */
  name: string;
  deviceClass: DeviceClass;
  gpuId?: string;
  /** Of one operation; a fixed number, because results are bit-equal only at the same one. */
  threads: number;
}

const PATTERN = /^(?:(none|cpu)(?::([1-9]\d?))?|gpu:([\w-]+))$/;

/**
 * Slots as text: `none:2,cpu:1,gpu:0,gpu:1` is two slots without a device, one CPU slot and one for each of the GPUs 0
 * and 1 (an index, or a UUID as CUDA names it). A count of 1 may be left out.
 */
export const slotList = z.string().transform((text, context) => {
  const slots: Omit<Slot, "threads">[] = [];
  for (const entry of text.split(",").map((part) => part.trim())) {
    const match = PATTERN.exec(entry);
    if (!match) {
      const message = `"${entry}" is no slot: write none:COUNT, cpu:COUNT or gpu:ID, separated by commas.`;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
    const [, device, count, gpuId] = match;
    if (gpuId !== undefined) {
      if (slots.some((slot) => slot.gpuId === gpuId)) {
        context.addIssue({ code: "custom", message: `The GPU ${gpuId} is named twice; a device has one slot.` });
        return z.NEVER;
      }
      slots.push({ name: `gpu-${gpuId}`, deviceClass: "gpu", gpuId });
      continue;
    }
    const deviceClass = device as "none" | "cpu";
    const before = slots.filter((slot) => slot.deviceClass === deviceClass).length;
    for (let i = 0; i < Number(count ?? 1); i++) slots.push({ name: `${deviceClass}-${before + i}`, deviceClass });
  }
  return slots;
});

/** Shares the cores among the slots that compute; a slot without a device takes one beside them. */
export function withThreads(slots: readonly Omit<Slot, "threads">[], cores: number): Slot[] {
  const computing = slots.filter(({ deviceClass }) => deviceClass !== "none").length;
  const share = Math.max(1, Math.floor(cores / Math.max(1, computing)));
  return slots.map((slot) => ({ ...slot, threads: slot.deviceClass === "none" ? 1 : share }));
}
