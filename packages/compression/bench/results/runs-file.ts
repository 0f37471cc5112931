/** The file of runs: one JSON object a line, added when its run has ended and never changed. */
import { appendFile, readFile } from "node:fs/promises";
import type { RuntimeDescription } from "@drc/tensorflow";
import type { BaseName, ChoiceName, PlanName } from "./experiments.ts";

/** PSNR in dB of each image of a set, in the order of their names, and means of PSNR and SSIM. */
export interface SetQuality {
  psnr: number | null;
  ssim: number | null;
  images: (number | null)[];
}

export type QualityBySet = Record<string, SetQuality>;

export interface NetworkCost {
  parameters: number;
  multiplyAddsHr1280x720: number;
}

export interface BaseRun {
  kind: "base";
  base: BaseName;
  /** Of the model file: points hang on it, since other processors train other bits. */
  sha256: string;
  steps: number | null;
  cost: NetworkCost;
  quality: QualityBySet;
  cpuSeconds: number;
  runtime: RuntimeDescription;
}

export interface PointRun {
  kind: "point";
  id: string;
  base: BaseName;
  baseSha256: string;
  remove: number;
  plan: PlanName;
  choice: ChoiceName;
  seed: number;
  rounds: number;
  widths: number[];
  removedShare: number;
  cost: NetworkCost;
  /** Before any fine-tuning; null where the network was trained from scratch. */
  before: QualityBySet | null;
  after: QualityBySet;
  steps: number;
  /** CPU-seconds of plan, choice and training, over all threads. */
  cpuSeconds: { plan: number; choice: number; training: number };
  runtime: RuntimeDescription;
}

export type Run = BaseRun | PointRun;

export async function readRuns(path: string): Promise<Run[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Run);
}

export async function appendRun(path: string, run: Run): Promise<void> {
  await appendFile(path, `${JSON.stringify(run)}\n`);
}
