/**
 * The TensorFlow.js export where it is meant to run: plain `@tensorflow/tfjs` in real Chromium, fetched over loopback, on
 * a photograph, with both backends that the library brings.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { cropImage, decodeImage, encodePng, type RgbImage } from "@drc/imaging";
import { createModel, encodeTfjs, type Network, prunableGroups, removeChannels, TFJS_WEIGHTS_FILE } from "@drc/network";
import { compile, loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import type * as Tfjs from "@tensorflow/tfjs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "./chromium.ts";
import { type ServedFiles, serveFiles } from "./serve-files.ts";

const PAGE = "<!doctype html><title>SR</title><img id=lr src=/lr.png><script src=/tf.min.js></script>";

/** In gray levels of 0..255, before rounding. */
const TOLERANCE = 0.01;

const whole = createModel({ preset: "drn-s", scale: 4, seed: 5 }).primal;
const networks = { whole, pruned: halved(whole) };

let tensorflow: TensorFlow;
let browser: Browser;
let server: ServedFiles;
let lr: RgbImage;

beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
  // The eye of a cat: its photographer gave the photograph away (CC0, docs/photographs.md).
  const picture = await decodeImage(new URL("../../docs/side-by-side.png", import.meta.url).pathname);
  lr = cropImage(picture.image, 828, 860, 24, 20);
  const library = createRequire(import.meta.url).resolve("@tensorflow/tfjs/dist/tf.min.js");
  const files = new Map([
    ["/", { type: "text/html", bytes: Buffer.from(PAGE) }],
    ["/tf.min.js", { type: "text/javascript", bytes: await readFile(library) }],
    ["/lr.png", { type: "image/png", bytes: await encodePng(lr) }],
  ]);
  for (const [name, network] of Object.entries(networks)) {
    const { json, weights } = encodeTfjs(network);
    files.set(`/${name}/model.json`, { type: "application/json", bytes: Buffer.from(json) });
    files.set(`/${name}/${TFJS_WEIGHTS_FILE}`, { type: "application/octet-stream", bytes: Buffer.from(weights) });
  }
  server = await serveFiles(files);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

describe.each(["webgl", "cpu"])("plain @tensorflow/tfjs in Chromium, backend %s", (backend) => {
  let page: Page;
  beforeAll(async () => {
    page = await browser.newPage();
    await page.goto(server.url);
  });
  afterAll(() => page?.close());

  it.each(["whole", "pruned"] as const)(
    "gives the native output of drn-s ×4, %s, to 0.01 of a gray level, and the same image but for ties",
    async (form) => {
      const found = await page.evaluate(upscaleInPage, { model: `/${form}/model.json`, backend });
      expect(found).toMatchObject({ backend, version: "4.22.0", shape: [1, 4 * lr.height, 4 * lr.width, 3] });
      const expected = native(networks[form]);
      expect(found.values.length).toBe(expected.length);
      const range = expected.reduce(
        ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
        [255, 0],
      );
      expect(range[1] - range[0]).toBeGreaterThan(1);
      let largest = 0;
      expected.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value - found.values[i]));
        const isTie = Math.abs(value - Math.floor(value) - 0.5) <= TOLERANCE;
        if (!isTie) expect(Math.round(found.values[i])).toBe(Math.round(value));
      });
      expect(largest).toBeLessThan(TOLERANCE);
    },
  );
});

type ImageElement = Parameters<typeof Tfjs.browser.fromPixels>[0] & { decode(): Promise<void> };

/** Runs in the page, as docs/export.md says. */
async function upscaleInPage({ model: address, backend }: { model: string; backend: string }) {
  const { tf, document } = globalThis as unknown as {
    tf: typeof Tfjs;
    document: { querySelector(selector: string): ImageElement };
  };
  await tf.setBackend(backend);
  const image = document.querySelector("#lr");
  await image.decode();
  const model = await tf.loadGraphModel(address);
  const input = tf.browser.fromPixels(image).toFloat().expandDims(0);
  const output = model.execute({ lr: input }) as Tfjs.Tensor;
  const values = [...(await output.data())];
  tf.dispose([input, output]);
  model.dispose();
  return { backend: tf.getBackend(), version: tf.version.tfjs, shape: output.shape, values };
}

/** The native output, as `drc upscale` computes it, before rounding. */
function native({ graph, weights }: Network): Float32Array {
  const network = compile(tensorflow, graph);
  const parameters = network.load(weights);
  const input = tensorflow.tf.tensor(Float32Array.from(lr.data), [1, lr.height, lr.width, 3]);
  const run = network.forward(parameters, input);
  const values = (run.outputs[run.outputs.length - 1].dataSync() as Float32Array).slice();
  run.dispose();
  input.dispose();
  for (const parameter of parameters.values()) parameter.dispose();
  return values;
}

/** Every other channel of every group is gone. */
function halved(network: Network): Network {
  return prunableGroups(network.graph).reduce((small, { name, width }) => {
    const group = prunableGroups(small.graph).find((candidate) => candidate.name === name);
    if (!group) throw new Error(`No group ${name}.`);
    const odd = Array.from({ length: width >> 1 }, (_, i) => 2 * i + 1);
    return removeChannels(small, group, odd);
  }, network);
}
