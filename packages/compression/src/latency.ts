import type { TensorFlow } from "@drc/tensorflow";
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

/** Time of one forward pass from LR image to the SR image in memory, after a warm-up. */
export function measureLatency(
  tensorflow: TensorFlow,
  network: LoadedNetwork,
  size: { height: number; width: number },
  runs = 15,
): Latency {
  const { tf } = tensorflow;
  const { outputs } = network.compiled.graph;
  const input = tf.fill([1, size.height, size.width, 3], 127);
  const times: number[] = [];
  for (let i = 0; i < WARM_UP_RUNS + runs; i++) {
    const startedAtMs = performance.now();
    const run = network.compiled.forward(network.parameters, input, { targets: [outputs[outputs.length - 1].node] });
    run.outputs[0].dataSync();
    if (i >= WARM_UP_RUNS) times.push(performance.now() - startedAtMs);
    run.dispose();
  }
  input.dispose();
  times.sort((a, b) => a - b);
  const { device, threads } = tensorflow.describe();
  return {
    lrHeight: size.height,
    lrWidth: size.width,
    medianMs: times[Math.floor(times.length / 2)],
    percentile90Ms: times[Math.ceil(times.length * 0.9) - 1],
    runs,
    device,
    threads,
  };
}
