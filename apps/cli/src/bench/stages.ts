/** What a user waits for, with the product's own code: stages of a compression, and images. */
import { LoadedModel, measureInTurns, pruneChannels, searchChannels, upscaleImage } from "@drc/compression";
import { decodeImage, encodePng, lowResolutionImages } from "@drc/imaging";
import { createModel, initialiseWeights, seededRandom, shrinkGraphToPlan } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { median, rounded } from "./measurement.ts";
import { syntheticPicture, syntheticTrainingImages } from "./picture.ts";

const PRESET = { preset: "drn-xs", scale: 4, seed: 1 };
const HALF = { of: "parameters", remove: 0.5 } as const;

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const startedAtMs = performance.now();
  const result = await work();
  return { ms: rounded(performance.now() - startedAtMs), result };
}

function searchRequest(tensorflow: TensorFlow) {
  return {
    tensorflow,
    model: createModel(PRESET),
    images: syntheticTrainingImages(4, 256, PRESET.scale),
    budget: HALF,
    method: "second-order" as const,
    control: { seed: 1 },
  };
}

/** Second-order search for the widths of half of the parameters. */
export async function measureSearch(tensorflow: TensorFlow) {
  const { ms, result } = await timed(() => searchChannels(searchRequest(tensorflow)));
  return { what: "search", ms, repetitions: 1, parameters: result.achieved.parameters };
}

/** Second-order pruning to a plan of half of the parameters. */
export async function measurePrune(tensorflow: TensorFlow) {
  const { plan } = await searchChannels({ ...searchRequest(tensorflow), method: "uniform" });
  const { images, model, control } = searchRequest(tensorflow);
  const { ms } = await timed(() =>
    pruneChannels({ tensorflow, model, plan, images, importance: { method: "second-order" }, control }),
  );
  return { what: "prune", ms, repetitions: 1 };
}

/** An image of 480×320 upscaled by 4. */
export async function measureUpscale(tensorflow: TensorFlow) {
  const { primal } = new LoadedModel(tensorflow, createModel(PRESET));
  const image = syntheticPicture(480, 320, 1);
  await upscaleImage(tensorflow, primal, syntheticPicture(32, 32, 1));
  const { ms } = await timed(() => upscaleImage(tensorflow, primal, image));
  return { what: "upscale", ms, repetitions: 1 };
}

/** PNG files of 1920×1280 decoded, and their LR images at ×2 and ×4 made. */
export async function measureIngest() {
  const file = await encodePng(syntheticPicture(1920, 1280, 1));
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { ms } = await timed(async () => lowResolutionImages((await decodeImage(file)).image, 4));
    times.push(ms);
  }
  return { what: "image", ms: median(times), repetitions: times.length };
}

/** drn-s ×4 with and without half of its parameters in turns, for an LR image of 96×96. Weights are random. */
export async function measureHalfForward(tensorflow: TensorFlow) {
  const whole = createModel({ preset: "drn-s", scale: 4, seed: 1 });
  const { plan, achieved } = await searchChannels({
    ...searchRequest(tensorflow),
    model: whole,
    method: "uniform",
  });
  const graph = shrinkGraphToPlan(whole.primal.graph, plan);
  const half = { primal: { graph, weights: initialiseWeights(graph, seededRandom(1)) }, duals: [] };
  const networks = [whole, half].map((model) => new LoadedModel(tensorflow, model).primal);
  const [wholeMs, halfMs] = await measureInTurns(tensorflow, networks, { height: 96, width: 96 }, { least: 5 });
  const ratios = wholeMs.map((ms, round) => halfMs[round] / ms);
  return {
    what: "forward",
    ms: rounded(median(halfMs)),
    repetitions: ratios.length,
    wholeMs: rounded(median(wholeMs)),
    medianRatio: rounded(median(ratios)),
    leastRatio: rounded(Math.min(...ratios)),
    greatestRatio: rounded(Math.max(...ratios)),
    parameters: achieved.parameters,
  };
}
