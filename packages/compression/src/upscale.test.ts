import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RgbImage } from "@drc/imaging";
import {
  createModel,
  type GraphNode,
  INPUT,
  initialiseWeights,
  type Model,
  type Network,
  type NetworkConfiguration,
  seededRandom,
} from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture } from "../test/synthetic-images.ts";
import { AbortedError } from "./control.ts";
import { evaluateImages } from "./evaluate.ts";
import { measureInTurns, measureLatency } from "./latency.ts";
import { LoadedModel, type LoadedNetwork } from "./loaded-model.ts";
import { layImage, ORIENTATIONS } from "./upscale/orientations.ts";
import { NonFiniteImageError, UpscaleMemoryError, type UpscaleOptions, upscaleImage } from "./upscale.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

function load(model: Model): LoadedNetwork {
  return new LoadedModel(tensorflow, { primal: model.primal, duals: [] }).primal;
}

/** A DRN whose channel attention depends on the image: fresh weights are so small that its gates hardly move. */
function attentive(scale: 2 | 4 | 8): Model {
  const model = createModel({ blocks: 2, features: 4, scale, seed: 1 });
  for (const [name, { data }] of model.primal.weights) {
    if (name.endsWith("conv_du.0.bias")) data.fill(1);
    if (/body.2.weight|conv_du.0.weight/.test(name)) data.set(data.map((value) => 10 * value));
    if (/tail.[1-3].weight/.test(name)) data.set(data.map((value) => 4 * value));
  }
  return model;
}

/** Dark on the left, bright on the right: the halves have means of their own. */
function darkAndBright(width: number, height: number): RgbImage {
  const { data } = syntheticPicture(width, height, 3);
  const isDark = (i: number) => Math.floor(i / 3) % width < width / 2;
  return { width, height, data: data.map((value, i) => (isDark(i) ? 0 : 150) + value / 3) };
}

function graphOf(scale: number, nodes: GraphNode[]): Network {
  const outputs = [{ node: nodes[nodes.length - 1].name, scale }];
  return {
    graph: { format: "drc-graph/1", architecture: "test", inputChannels: 3, nodes, outputs },
    weights: new Map(),
  };
}

function worstDifference(a: RgbImage, b: RgbImage): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return a.data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b.data[i])), 0);
}

describe("networks of other architectures", () => {
  it.each<NetworkConfiguration>([
    { architecture: "rfdn", scale: 2, blocks: 2, features: 8 },
    { architecture: "edsr", scale: 3, blocks: 2, features: 4, residualScale: 0.1 },
    { architecture: "rcan", scale: 2, groups: 2, blocks: 1, features: 4, reduction: 2 },
  ])("$architecture gives in tiles what it gives whole", async (configuration) => {
    const network = load(createModel({ ...configuration, seed: 4 }));
    const picture = darkAndBright(47, 33);
    const whole = await upscaleImage(tensorflow, network, picture, { tileSize: 64 });
    const tiled = await upscaleImage(tensorflow, network, picture, { tileSize: 17 });
    expect(whole.width).toBe(47 * configuration.scale);
    expect(worstDifference(whole, tiled)).toBeLessThanOrEqual(1);
  });

  it("RFDN takes images that are too small for its pooling, as if their border went on", async () => {
    const network = load(createModel({ architecture: "rfdn", scale: 2, blocks: 1, features: 8, seed: 4 }));
    const gray = { width: 15, height: 15, data: new Uint8Array(3 * 15 * 15).fill(90) };
    const whole = await upscaleImage(tensorflow, network, gray);
    const small = await upscaleImage(tensorflow, network, { width: 3, height: 9, data: gray.data.slice(0, 81) });
    expect([small.width, small.height]).toEqual([6, 18]);
    for (let y = 0; y < 18; y++) {
      expect(small.data.slice(18 * y, 18 * y + 18)).toEqual(whole.data.slice(90 * y, 90 * y + 18));
    }
  });
});

describe("field case 39: a tiled image is the untiled one", () => {
  it.each([2, 4, 8] as const)("with channel attention, at ×%i, for tiles of any size", async (scale) => {
    const network = load(attentive(scale));
    const picture = darkAndBright(47, 33);
    const whole = await upscaleImage(tensorflow, network, picture, { tileSize: 64 });
    for (const tileSize of [32, 17, 7]) {
      const tiled = await upscaleImage(tensorflow, network, picture, { tileSize });
      expect(worstDifference(whole, tiled)).toBeLessThanOrEqual(1);
    }
  });

  it("with tiles of unequal size, whose pixels count alike", async () => {
    const network = load(attentive(2));
    const picture = darkAndBright(3, 5);
    const whole = await upscaleImage(tensorflow, network, picture);
    expect(
      worstDifference(whole, await upscaleImage(tensorflow, network, picture, { tileSize: 2 })),
    ).toBeLessThanOrEqual(1);
  });

  it("which a tile with its own channel attention is not", async () => {
    const network = load(attentive(4));
    const picture = darkAndBright(48, 32);
    const left = { width: 24, height: 32, data: columns(picture, 0, 24) };
    const whole = await upscaleImage(tensorflow, network, picture);
    const alone = await upscaleImage(tensorflow, network, left);
    // Away from the cut nothing but the means differs.
    const inner = (image: RgbImage) => ({ width: 40, height: 128, data: columns(image, 0, 40) });
    expect(worstDifference(inner(whole), inner(alone))).toBeGreaterThan(5);
  });

  it("with strides below the size of the image, and sizes that they do not divide", async () => {
    const convolution = (name: string, input: string, stride: number, outChannels: number): GraphNode => ({
      op: "conv2d",
      name,
      inputs: [input],
      weight: `${name}.weight`,
      inChannels: 3,
      outChannels,
      kernel: [3, 3],
      stride,
      padding: 1,
    });
    const network = graphOf(1, [
      convolution("halve", INPUT, 2, 3),
      convolution("expand", "halve", 1, 12),
      { op: "pixel-shuffle", name: "double", inputs: ["expand"], factor: 2 },
    ]);
    const weights = initialiseWeights(network.graph, seededRandom(1));
    const picture = syntheticPicture(46, 30, 3);
    const loaded = load({ primal: { ...network, weights }, duals: [] });
    const whole = await upscaleImage(tensorflow, loaded, picture);
    expect(
      worstDifference(whole, await upscaleImage(tensorflow, loaded, picture, { tileSize: 9 })),
    ).toBeLessThanOrEqual(1);
  });
});

/** The samples of the columns from `from` to `to`. */
function columns({ width, data }: RgbImage, from: number, to: number): Uint8Array {
  return data.filter((_, i) => Math.floor(i / 3) % width >= from && Math.floor(i / 3) % width < to);
}

describe("field case 39: memory that does not suffice", () => {
  /** What TensorFlow 2.21 said where an allocation had failed, word for word; a real one takes it 10 s. */
  const EXHAUSTED =
    "Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[1048576,1048576] and type float on " +
    "/job:localhost/replica:0/task:0/device:CPU:0 by allocator mklcpu";

  /** A network on a TensorFlow of which one operation fails at the tiles that `fails` picks. */
  function exhausted(fails: (tile: number) => boolean) {
    const { operations } = tensorflow;
    const fault = { tile: 0 };
    const failing: TensorFlow = {
      ...tensorflow,
      operations: {
        ...operations,
        sigmoid(x) {
          fault.tile++;
          if (fails(fault.tile)) throw new Error(EXHAUSTED);
          return operations.sigmoid(x);
        },
      },
    };
    const network = new LoadedModel(failing, { primal: attentive(4).primal, duals: [] }).primal;
    const upscale = (options: UpscaleOptions) => {
      fault.tile = 0;
      return upscaleImage(failing, network, picture, options);
    };
    return upscale;
  }

  const picture = syntheticPicture(60, 44, 3);

  it("in tile 3 is met by smaller tiles, and the image is the right one", async () => {
    const right = await upscaleImage(tensorflow, load(attentive(4)), picture);
    const totals = new Set<number>();
    const upscale = exhausted((tile) => tile === 3);
    const options = { tileSize: 40, onProgress: ({ of }: { of: number }) => void totals.add(of) };
    const image = await upscale(options);
    expect(worstDifference(right, image)).toBeLessThanOrEqual(1);
    // 5 stages: 4 tiles of at most 40×40, then 9 of at most 20×20.
    expect([...totals]).toEqual([5 * 4, 5 * 9]);
    const before = tensorflow.tf.memory().numTensors;
    await upscale(options);
    expect(tensorflow.tf.memory().numTensors).toBe(before);
  });

  it("in every tile ends in an error that says what to do", async () => {
    const upscale = exhausted((tile) => tile >= 3);
    await expect(upscale({})).rejects.toThrow(UpscaleMemoryError);
    const before = tensorflow.tf.memory().numTensors;
    await expect(upscale({})).rejects.toThrow(
      /60×44 in tiles of 16×16 .*\(OOM when allocating.* cut the image into parts/,
    );
    expect(tensorflow.tf.memory().numTensors).toBe(before);
  });

  it("is refused before the work where it can be known", async () => {
    const attempt = upscaleImage(tensorflow, load(attentive(4)), picture, { memoryBytes: 1e6 });
    await expect(attempt).rejects.toThrow(
      /60×44 takes 6\.\d MB with this network; 1\.0 MB are free.*cut the image into parts/,
    );
    // In tiles it needs less: two feature maps of 16 channels at ×2, and one tile.
    const tiled = await upscaleImage(tensorflow, load(attentive(4)), picture, { memoryBytes: 3e6, tileSize: 16 });
    expect(tiled.width).toBe(240);
  });
});

describe("a scratch folder", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "scratch-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("takes what does not fit into memory, changes no bit, and is empty afterwards", async () => {
    const network = load(attentive(4));
    const picture = syntheticPicture(60, 44, 3);
    const tiled = await upscaleImage(tensorflow, network, picture, { tileSize: 16 });
    const options = { tileSize: 16, memoryBytes: 1.5e6 };
    await expect(upscaleImage(tensorflow, network, picture, options)).rejects.toThrow(/scratch folder/);
    const before = tensorflow.tf.memory().numTensors;
    const written = await upscaleImage(tensorflow, network, picture, { ...options, scratch: folder });
    expect(written.data).toEqual(tiled.data);
    expect(tensorflow.tf.memory().numTensors).toBe(before);
    expect(await readdir(folder)).toEqual([]);
  });

  it("that is none is named", async () => {
    const scratch = join(folder, "missing");
    const attempt = upscaleImage(tensorflow, load(attentive(4)), syntheticPicture(8, 8, 3), { scratch });
    await expect(attempt).rejects.toThrow(/ENOENT.*missing/);
  });
});

it.each([
  [1, 1],
  [3, 5],
  [7, 1],
  [2, 4000],
])("gives an image of scale times the size for %i×%i", async (width, height) => {
  const network = load(createModel({ blocks: 1, features: 4, scale: 4, seed: 1 }));
  const image = await upscaleImage(tensorflow, network, syntheticPicture(width, height, 2));
  expect([image.width, image.height, image.data.length]).toEqual([4 * width, 4 * height, 48 * width * height]);
});

it("refuses to write an image out of values that are not finite", async () => {
  const model = createModel({ blocks: 1, features: 4, scale: 2, seed: 1 });
  model.primal.weights.get("head.bias")?.data.fill(Number.NaN);
  await expect(upscaleImage(tensorflow, load(model), syntheticPicture(8, 8, 3))).rejects.toThrow(NonFiniteImageError);
});

it("stops between two tiles after its signal", async () => {
  const abort = new AbortController();
  const steps: number[] = [];
  const attempt = upscaleImage(tensorflow, load(attentive(2)), syntheticPicture(40, 40, 3), {
    tileSize: 20,
    signal: abort.signal,
    onProgress({ step }) {
      steps.push(step);
      if (step === 3) abort.abort();
    },
  });
  await expect(attempt).rejects.toThrow(AbortedError);
  expect(steps).toEqual([1, 2, 3]);
});

describe("field case 28: a network that changes nothing", () => {
  const identity = graphOf(1, [{ op: "resize", name: "same", inputs: [INPUT], factor: 1 }]);

  it.each([0, 1, 127, 128, 254, 255])("returns the same pixels of a constant gray of %i", async (gray) => {
    const picture = { width: 30, height: 20, data: new Uint8Array(1800).fill(gray) };
    for (const options of [{}, { tileSize: 8 }, { selfEnsemble: true }]) {
      const image = await upscaleImage(tensorflow, load({ primal: identity, duals: [] }), picture, options);
      expect(image.data).toEqual(picture.data);
    }
  });

  it("returns the same pixels of a picture, which then has no finite PSNR", async () => {
    const picture = syntheticPicture(32, 24, 4);
    const image = await upscaleImage(tensorflow, load({ primal: identity, duals: [] }), picture);
    expect(image.data).toEqual(picture.data);
    const quality = await evaluateImages(
      [{ name: "a", hr: picture, lr: picture }],
      1,
      { signal: undefined },
      () => image,
    );
    expect(quality.images[0]).toMatchObject({ name: "a", psnr: null, identical: true });
    expect(quality.mean.psnr).toBeNull();
  });
});

describe("the self-ensemble", () => {
  const picture = syntheticPicture(30, 20, 4);

  it("is the mean of the eight laid images' results, before rounding", async () => {
    // Its values stay within 0..255, so that nothing is clipped.
    const network = load(createModel({ blocks: 1, features: 4, scale: 2, seed: 1 }));
    const ensemble = await upscaleImage(tensorflow, network, picture, { selfEnsemble: true });
    const sum = new Float64Array(ensemble.data.length);
    for (const orientation of ORIENTATIONS) {
      const result = await upscaleImage(tensorflow, network, layImage(picture, orientation));
      // Back: a turn to the left and one to the right are each other's inverse, the rest are their own.
      const { transposed, mirroredX, mirroredY } = orientation;
      const inverse = transposed ? { transposed, mirroredX: mirroredY, mirroredY: mirroredX } : orientation;
      for (const [i, value] of layImage(result, inverse).data.entries()) sum[i] += value / 8;
    }
    // Each of the eight was rounded here.
    const worst = ensemble.data.reduce((most, value, i) => Math.max(most, Math.abs(value - sum[i])), 0);
    expect(worst).toBeLessThanOrEqual(1);
    expect(ensemble.data).not.toEqual((await upscaleImage(tensorflow, network, picture)).data);
  });

  it("gives a mirrored image for a mirrored image", async () => {
    const network = load(attentive(2));
    const mirror = { transposed: false, mirroredX: true, mirroredY: false };
    const mirrored = await upscaleImage(tensorflow, network, layImage(picture, mirror), { selfEnsemble: true });
    const upright = await upscaleImage(tensorflow, network, picture, { selfEnsemble: true });
    expect(worstDifference(layImage(mirrored, mirror), upright)).toBeLessThanOrEqual(1);
  });

  it("lays an image in eight different ways", () => {
    const { data } = syntheticPicture(5, 5, 1);
    const laid = ORIENTATIONS.map((orientation) => layImage({ width: 5, height: 5, data }, orientation).data.join());
    expect(new Set(laid).size).toBe(8);
    const corner = { width: 2, height: 1, data: Uint8Array.from([1, 2, 3, 4, 5, 6]) };
    expect(layImage(corner, { transposed: true, mirroredX: false, mirroredY: true })).toEqual({
      width: 1,
      height: 2,
      data: Uint8Array.from([4, 5, 6, 1, 2, 3]),
    });
  });
});

it("leaves no tensor behind", async () => {
  const network = load(createModel({ blocks: 1, features: 4, scale: 4, seed: 1 }));
  const size = { tileSize: 12 };
  await upscaleImage(tensorflow, network, syntheticPicture(16, 16, 5), size);
  const pass = { height: 16, width: 16 };
  await measureLatency(tensorflow, network, pass, { runs: 3 });
  const before = tensorflow.tf.memory().numTensors;
  await upscaleImage(tensorflow, network, syntheticPicture(16, 16, 6), size);
  expect((await measureLatency(tensorflow, network, pass, { runs: 3 })).medianMs).toBeGreaterThan(0);
  await expect(measureLatency(tensorflow, network, pass, { signal: AbortSignal.abort() })).rejects.toThrow(
    AbortedError,
  );
  const stop = new AbortController();
  const rounds = { least: 1000, isEnough: () => true, signal: stop.signal };
  const turns = measureInTurns(tensorflow, [network], pass, rounds);
  setImmediate(() => stop.abort());
  await expect(turns).rejects.toThrow(AbortedError);
  expect(tensorflow.tf.memory().numTensors).toBe(before);
});
