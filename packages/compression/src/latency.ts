import { inferencePlan, leastInputSide, networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { AbortedError, yieldToEvents } from "./control.ts";
import type { LoadedNetwork } from "./loaded-model.ts";
import { availableBytes } from "./upscale/memory.ts";

export interface Latency {
  /** Size of the LR image that was put through. */
  lrHeight: number;
  lrWidth: number;
  medianMs: number;
  percentile90Ms: number;
  runs: number;
  /** Passes before them, which are not counted. */
  warmUpRuns: number;
  device: string;
  threads: number;
}

const WARM_UP_RUNS = 3;
const RUNS = 15;
/** Made however long they take. */
const LEAST_RUNS = 3;

/** Of the LR image that is put through. */
interface InputSize {
  height: number;
  width: number;
}

interface MeasuredRuns {
  /** By default 15. */
  runs?: number;
  /** After so much time no more runs than `LEAST_RUNS` are made; by default there is no limit. */
  enoughMs?: number;
  /** Ends it between two runs. */
  signal?: AbortSignal;
}

/**
 * Time of one forward pass from LR image to the SR image in memory, after a warm-up.
 * @throws AbortedError after `signal`
 */
export async function measureLatency(
  tensorflow: TensorFlow,
  network: LoadedNetwork,
  size: InputSize,
  { runs = RUNS, enoughMs = Number.POSITIVE_INFINITY, signal }: MeasuredRuns = {},
): Promise<Latency> {
  const input = grayInput(tensorflow, size);
  const time = async (least: number, most: number, limitMs: number) => {
    const times: number[] = [];
    let totalMs = 0;
    while (times.length < Math.min(least, most) || (times.length < most && totalMs < limitMs)) {
      await yieldToEvents();
      if (signal?.aborted) throw new AbortedError("latency", times.length);
      times.push(timeForward(network, input));
      totalMs += times[times.length - 1];
    }
    return times;
  };
  try {
    const warmUpRuns = (await time(1, WARM_UP_RUNS, enoughMs / 4)).length;
    const times = (await time(LEAST_RUNS, runs, enoughMs)).sort((a, b) => a - b);
    const { device, threads } = tensorflow.describe();
    return {
      lrHeight: size.height,
      lrWidth: size.width,
      medianMs: quantile(times, 0.5),
      percentile90Ms: times[Math.ceil(times.length * 0.9) - 1],
      runs: times.length,
      warmUpRuns,
      device,
      threads,
    };
  } finally {
    input.dispose();
  }
}

const HR_SIZE = { height: 720, width: 1280 };
/** Of a job's time; large networks are past it with the least runs. */
const HR_ENOUGH_MS = 2000;
/** Of the memory there is, what a whole image may take. */
const MEMORY_SHARE = 0.7;

/**
 * The latency for an SR image of 1280×720, the size for which multiply-adds are counted too, so that networks can be
 * compared; undefined where the image, which goes through whole, would take more memory than there is.
 */
export async function measureLatencyAtHr1280x720(
  tensorflow: TensorFlow,
  network: LoadedNetwork,
  signal?: AbortSignal,
): Promise<Latency | undefined> {
  const { graph } = network.compiled;
  const scale = networkScale(graph);
  const least = leastInputSide(graph);
  const side = (length: number) => Math.max(least, Math.round(length / scale));
  const size = { height: side(HR_SIZE.height), width: side(HR_SIZE.width) };
  const bytesPerPixel = Math.max(
    ...inferencePlan(graph).stages.map(
      ({ keptBytesPerPixel, tileBytesPerPixel }) => keptBytesPerPixel + tileBytesPerPixel,
    ),
  );
  if (bytesPerPixel * size.height * size.width > MEMORY_SHARE * availableBytes()) return undefined;
  return measureLatency(tensorflow, network, size, { enoughMs: HR_ENOUGH_MS, signal });
}

interface Rounds {
  least: number;
  most?: number;
  isEnough?(times: readonly number[][]): boolean;
  /** Ends it between two rounds. */
  signal?: AbortSignal;
}

/**
 * Times of one forward pass in milliseconds, `[network][round]`, of several networks in turns: what else happens on
 * the machine meets all of them alike, so that ratios within a round hold where the times themselves drift. After
 * `least` rounds it ends as soon as `isEnough` of them, after `most` in any case.
 * @throws AbortedError after `signal`
 */
export async function measureInTurns(
  tensorflow: TensorFlow,
  networks: readonly LoadedNetwork[],
  size: InputSize,
  { least, most = least, isEnough, signal }: Rounds,
): Promise<number[][]> {
  const input = grayInput(tensorflow, size);
  const goOn = async (round: number) => {
    await yieldToEvents();
    if (signal?.aborted) throw new AbortedError("latency", round);
  };
  try {
    for (const network of networks) {
      await goOn(0);
      for (let i = 0; i < WARM_UP_RUNS; i++) timeForward(network, input);
    }
    const times: number[][] = networks.map(() => []);
    for (let round = 0; round < most; round++) {
      if (round >= least && isEnough?.(times)) break;
      await goOn(round);
      networks.forEach((network, i) => {
        times[i].push(timeForward(network, input));
      });
    }
    return times;
  } finally {
    input.dispose();
  }
}

/** The value below which a share of ascending values lies; the upper one of two. */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))];
}

function grayInput({ tf }: TensorFlow, { height, width }: InputSize): Tensor {
  return tf.fill([1, height, width, 3], 127);
}

function timeForward({ compiled, parameters }: LoadedNetwork, input: Tensor): number {
  const { outputs } = compiled.graph;
  const startedAtMs = performance.now();
  const run = compiled.forward(parameters, input, { targets: [outputs[outputs.length - 1].node] });
  run.outputs[0].dataSync();
  const tookMs = performance.now() - startedAtMs;
  run.dispose();
  return tookMs;
}
