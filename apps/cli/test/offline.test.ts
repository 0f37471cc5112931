/** Commands that need no server, as processes: `import`, `upscale`, `evaluate`. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareImages, createImage, decodeImage, encodePng, type RgbImage } from "@drc/imaging";
import { readSafetensors } from "@drc/network";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildPrograms, drc, startDrc } from "./support/drc.ts";
import { picture } from "./support/pictures.ts";
import { makeWorkplace, type Workplace } from "./support/server.ts";

/** A small network with random weights under PyTorch's names, and the images that PyTorch makes with it. */
const GOLDEN = fileURLToPath(
  new URL("../../../packages/tensorflow/test/golden/drn_tiny_x4.safetensors", import.meta.url),
);

let workplace: Workplace;
let at: (name: string) => string;
let golden: Awaited<ReturnType<typeof readGolden>>;

beforeAll(async () => {
  await buildPrograms();
  workplace = await makeWorkplace();
  at = (name) => join(workplace.path, name);
  golden = await readGolden();
  for (const folder of ["hr", "lr"]) await mkdir(at(folder));
  for (const [i, { hr, lr }] of golden.entries()) {
    await writeFile(at(`hr/${i}.png`), await encodePng(hr));
    await writeFile(at(`lr/${i}x4.png`), await encodePng(lr));
  }
  await imported();
});
afterAll(() => workplace.remove());

/** The images of the file's batch; the network's output is rounded and clipped to 8 bits. */
async function readGolden(): Promise<{ hr: RgbImage; lr: RgbImage; sr: RgbImage }[]> {
  const { tensors } = readSafetensors(new Uint8Array(await readFile(GOLDEN)));
  const images = (name: string): RgbImage[] => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`There is no tensor ${name}.`);
    const [batch, channels, height, width] = tensor.shape;
    return Array.from({ length: batch }, (_, b) => {
      const image = createImage(width, height);
      for (let i = 0; i < image.data.length; i++) {
        const plane = b * channels + (i % channels);
        const value = tensor.data[plane * height * width + Math.floor(i / channels)];
        image.data[i] = Math.min(255, Math.max(0, Math.round(value)));
      }
      return image;
    });
  };
  const [lr, sr] = [images("input.lr.x1"), images("output.sr.x4")];
  return images("input.hr").map((hr, i) => ({ hr, lr: lr[i], sr: sr[i] }));
}

function imported() {
  return drc(["import", GOLDEN, at("model.safetensors"), "--json"]);
}

it("imports a file with PyTorch's names", async () => {
  const { code, stdout } = await imported();
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ output: at("model.safetensors"), scale: 4, dualNetworks: 2 });
});

it("counts a model, which says all of the network", async () => {
  const { parameters } = JSON.parse((await drc(["count", at("model.safetensors"), "--json"])).stdout);
  const { tensors } = readSafetensors(new Uint8Array(await readFile(at("model.safetensors"))));
  const sizes = [...tensors].filter(([name]) => name.startsWith("net.")).map(([, { data }]) => data.length);
  expect(parameters).toBe(sizes.reduce((sum, size) => sum + size, 0));
  const both = await drc(["count", at("model.safetensors"), "--scale", "4"]);
  expect(both).toMatchObject({ code: 2, errors: [expect.stringMatching(/^drc: model: it says all of the network/)] });
});

it("upscales as PyTorch does", async () => {
  const args = ["upscale", at("lr/0x4.png"), "--model", at("model.safetensors"), "--output", at("sr.png"), "--json"];
  const { code, stdout } = await drc(args);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ output: at("sr.png"), width: 40, height: 48, scale: 4 });
  const { image } = await decodeImage(at("sr.png"));
  const [{ sr }] = golden;
  // A value half between two integers may be rounded to either.
  expect(Math.max(...sr.data.map((value, i) => Math.abs(value - image.data[i])))).toBeLessThanOrEqual(1);
  expect(sr.data.filter((value, i) => value !== image.data[i]).length).toBeLessThan(sr.data.length / 100);
});

it("evaluates as PyTorch's images compare", async () => {
  const args = ["evaluate", "--model", at("model.safetensors"), "--hr", at("hr"), "--lr", at("lr"), "--json"];
  const { code, stdout } = await drc(args);
  expect(code).toBe(0);
  const { images, protocol } = JSON.parse(stdout);
  expect(protocol).toMatchObject({ scale: 4, lowResolution: "as given" });
  expect(images).toHaveLength(golden.length);
  for (const [i, { hr, sr }] of golden.entries()) {
    const { psnr, ssim } = compareImages(sr, hr, { scale: 4 });
    expect(images[i].name).toBe(String(i));
    expect(images[i].psnr).toBeCloseTo(psnr as number, 2);
    expect(images[i].ssim).toBeCloseTo(ssim as number, 3);
  }
});

it("keeps the alpha channel of an image at four times its size", async () => {
  const [width, height] = [20, 16];
  const left = Uint8Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 0 : 200));
  await writeFile(at("rgba.png"), await encodePng(picture(1, width, height), left));
  await writeFile(at("rgb.png"), await encodePng(picture(1, width, height)));
  const upscale = (name: string) =>
    drc(["upscale", at(`${name}.png`), "--model", at("model.safetensors"), "--output", at(`${name}-x4.png`)]);
  const ended = await upscale("rgba");
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/20×16, became .*, 80×64, in/) });
  await upscale("rgb");
  const { image, alpha } = await decodeImage(at("rgba-x4.png"));
  const plain = await decodeImage(at("rgb-x4.png"));
  expect([image.width, image.height]).toEqual([80, 64]);
  expect(image.data).toEqual(plain.image.data);
  expect(plain.alpha).toBeUndefined();
  const row = Array.from(alpha?.subarray(30 * 80, 31 * 80) ?? []);
  expect(row.slice(0, 30)).toEqual(Array(30).fill(0));
  expect(row.slice(50)).toEqual(Array(30).fill(200));
});

it.each<[string, string[], RegExp]>([
  [
    "an input that is no image",
    ["model.safetensors", "model.safetensors", "x.png"],
    /^drc: input: .*model\.safetensors/,
  ],
  ["a model that is none", ["rgb.png", "hr/0.png", "x.png"], /^drc: --model: .*0\.png: .*safetensors/],
  ["an output that is no PNG", ["rgb.png", "model.safetensors", "x.jpg"], /^drc: --output: .*x\.jpg/],
])("refuses to upscale with %s", async (_what, [input, model, output], message) => {
  const ended = await drc(["upscale", at(input), "--model", at(model), "--output", at(output)]);
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.errors.at(-1)).toMatch(message);
});

it("upscales a folder with one load of the model, names what is damaged and writes the rest", async () => {
  await mkdir(at("several"));
  const sizes = [
    [1, 1],
    [3, 5],
    [7, 1],
    // In two tiles.
    [300, 4],
  ] as const;
  for (const [i, [width, height]] of sizes.entries()) {
    const alpha = Uint8Array.from({ length: width * height }, (_, pixel) => (pixel % width < width / 2 ? 0 : 200));
    await writeFile(at(`several/${i}.png`), await encodePng(picture(i, width, height), alpha));
  }
  await writeFile(at("several/damaged.png"), (await encodePng(picture(1))).subarray(0, 200));
  const args = ["upscale", at("several"), "--model", at("model.safetensors"), "--output", at("several-x4")];
  const { code, stdout, errors } = await drc([...args, "--json"]);
  expect(code).toBe(1);
  const { images, failed } = JSON.parse(stdout);
  expect(images).toMatchObject(
    sizes.map(([width, height], i) => ({
      output: at(`several-x4/${i}.png`),
      width: 4 * width,
      height: 4 * height,
      selfEnsemble: false,
    })),
  );
  expect(failed).toMatchObject([{ input: at("several/damaged.png"), error: expect.stringContaining("damaged.png") }]);
  expect(errors.at(-1)).toMatch(/^drc: input: 1 of 5 images of .*several could not be upscaled/);
  expect((await readdir(at("several-x4"))).sort()).toEqual(["0.png", "1.png", "2.png", "3.png"]);
  const odd = await decodeImage(at("several-x4/1.png"));
  expect([odd.image.width, odd.image.height, odd.alpha?.length]).toEqual([12, 20, 240]);
  const { alpha } = await decodeImage(at("several-x4/3.png"));
  const row = Array.from(alpha?.subarray(8 * 1200, 9 * 1200) ?? []);
  expect([row.slice(0, 590), row.slice(610)]).toEqual([Array(590).fill(0), Array(590).fill(200)]);
});

it("refuses to write over the images of a folder", async () => {
  const args = ["upscale", at("hr"), "--model", at("model.safetensors"), "--output", at("lr/../hr")];
  const { code, errors } = await drc(args);
  expect(code).toBe(2);
  expect(errors.at(-1)).toMatch(/^drc: --output: .* is the folder of the images themselves/);
});

it("leaves no half file after Ctrl-C", async () => {
  await mkdir(at("two"));
  await writeFile(at("two/a.png"), await encodePng(picture(1, 8, 8)));
  await writeFile(at("two/b.png"), await encodePng(picture(1, 700, 700)));
  const args = ["upscale", at("two"), "--model", at("model.safetensors"), "--output", at("two-x4"), "--self-ensemble"];
  const running = startDrc(args);
  await running.line(/a\.png, 32×32, in/);
  running.kill("SIGINT");
  const { code, signal } = await running.ended;
  // A shell reports 130 for both.
  expect(signal ?? code).toBe(signal ? "SIGINT" : 130);
  expect(await readdir(at("two-x4"))).toEqual(["a.png"]);
});

it("evaluates with the self-ensemble and says so", async () => {
  const evaluate = async (...more: string[]) => {
    const args = ["evaluate", "--model", at("model.safetensors"), "--hr", at("hr"), "--lr", at("lr"), "--json"];
    return JSON.parse((await drc([...args, ...more])).stdout);
  };
  const [plain, ensemble] = [await evaluate(), await evaluate("--self-ensemble")];
  expect(ensemble.protocol.upscaling).toBe(`${plain.protocol.upscaling}, self-ensemble of 8`);
  expect(ensemble.mean.psnr).not.toBe(plain.mean.psnr);
  expect(Math.abs(ensemble.mean.psnr - plain.mean.psnr)).toBeLessThan(3);
});
