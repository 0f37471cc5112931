import { createModel, INPUT, type NetworkConfiguration, seededRandom } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { beforeAll, expect, it } from "vitest";
import { execute, planes } from "../../network/test/reference-executor.ts";
import { compile } from "./compile.ts";
import { loadTensorFlow, type TensorFlow } from "./tensorflow.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

/** Sides that are no multiples of the pooling's strides. */
const [HEIGHT, WIDTH] = [23, 20];

it.each<NetworkConfiguration>([
  { architecture: "rfdn", scale: 2, blocks: 2, features: 8 },
  { architecture: "edsr", scale: 3, blocks: 2, features: 4, residualScale: 0.1 },
  { architecture: "rcan", scale: 4, groups: 2, blocks: 2, features: 4, reduction: 2 },
])("$architecture equals the reference executor, and its gradient finite differences of it", (configuration) => {
  const { tf } = tensorflow;
  const { primal } = createModel({ ...configuration, seed: 5 });
  const random = seededRandom(6);
  const image = planes(3, HEIGHT, WIDTH, () => 255 * random.uniform());
  const toTensor = (data: Float64Array, height: number, width: number) =>
    tf.transpose(tf.tensor4d(Float32Array.from(data), [1, 3, height, width]), [0, 2, 3, 1]);
  const network = compile(tensorflow, primal.graph);
  const run = network.forward(network.load(primal.weights), toTensor(image.data, HEIGHT, WIDTH), { keep: "gradients" });
  const [expected] = execute(primal, image);
  const output = tf.transpose(run.outputs[0], [0, 3, 1, 2]).dataSync<"float32">() as Float32Array;
  expect(output).toHaveLength(expected.data.length);
  output.forEach((value, i) => {
    expect(Math.abs(value - expected.data[i])).toBeLessThan(2e-3);
  });

  // d/dt of Σ direction·output(image + t·change), in float64 and by reverse mode.
  const direction = expected.data.map(() => random.normal());
  const change = image.data.map(() => random.normal());
  const loss = (t: number) => {
    const moved = { ...image, data: image.data.map((value, i) => value + t * change[i]) };
    return execute(primal, moved)[0].data.reduce((sum, value, i) => sum + value * direction[i], 0);
  };
  const step = 1e-4;
  const slope = (loss(step) - loss(-step)) / (2 * step);
  const gradients = run.backward([toTensor(direction, expected.height, expected.width)], { nodes: new Set([INPUT]) });
  const gradient = tf
    .transpose(gradients.nodes.get(INPUT) as Tensor, [0, 3, 1, 2])
    .dataSync<"float32">() as Float32Array;
  const norm = Math.sqrt(
    gradient.reduce((sum, value) => sum + value ** 2, 0) * change.reduce((sum, value) => sum + value ** 2, 0),
  );
  const along = gradient.reduce((sum, value, i) => sum + value * change[i], 0);
  expect(Math.abs(along - slope)).toBeLessThan(1e-4 * norm);
  expect(Math.abs(slope)).toBeGreaterThan(1e-3 * norm);
});
