import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { LoadedNetwork } from "./loaded-model.ts";

export interface Latency {
  /** Size of the LR image that was put through. */
  lrHeight: number;
  lrWidth: number;
  medianMs: number;
  percentile90Ms: number;
  runs: number;
  device: string;
  threads: number;
}

const WARM_UP_RUNS = 3;

/** Of the LR image that is put through. */
interface InputSize {
  height: number;
  width: number;
}

/** Time of one forward pass from LR image to the SR image in memory, after a warm-up. */
export function measureLatency(tensorflow: TensorFlow, network: LoadedNetwork, size: InputSize, runs = 15): Latency {
  const input = grayInput(tensorflow, size);
  for (let i = 0; i < WARM_UP_RUNS; i++) timeForward(network, input);
  const times = Array.from({ length: runs }, () => timeForward(network, input)).sort((a, b) => a - b);
  input.dispose();
  const { device, threads } = tensorflow.describe();
  return {
    lrHeight: size.height,
    lrWidth: size.width,
    medianMs: quantile(times, 0.5),
    percentile90Ms: times[Math.ceil(times.length * 0.9) - 1],
    runs,
    device,
    threads,
  };
}

/**
 * Times of one forward pass in milliseconds, `[network][round]`, of several networks in turns: what else happens on
 * the machine meets all of them alike, so that ratios within a round hold where the times themselves drift. After
 * `least` rounds it ends as soon as `isEnough` of them, after `most` in any case.
 */
export function measureInTurns(
  tensorflow: TensorFlow,
  networks: readonly LoadedNetwork[],
  size: InputSize,
  { least, most = least, isEnough }: { least: number; most?: number; isEnough?(times: readonly number[][]): boolean },
): number[][] {
  const input = grayInput(tensorflow, size);
  for (const network of networks) for (let i = 0; i < WARM_UP_RUNS; i++) timeForward(network, input);
  const times: number[][] = networks.map(() => []);
  for (let round = 0; round < most; round++) {
    if (round >= least && isEnough?.(times)) break;
    networks.forEach((network, i) => {
      times[i].push(timeForward(network, input));
    });
  }
  input.dispose();
  return times;
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
