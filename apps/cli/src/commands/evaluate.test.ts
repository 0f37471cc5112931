import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImage, encodePng, imresize, lowResolutionImages, type RgbImage } from "@drc/imaging";
import { createModel, encodeModel } from "@drc/network";
import { Command, CommanderError } from "commander";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { CliError } from "../cli-error.ts";
import { registerEvaluate } from "./evaluate.ts";

/** Smooth, with an edge: bicubic does well on it, though not perfectly. */
function picture(width: number, height: number, phase: number): RgbImage {
  const image = createImage(width, height);
  for (let i = 0; i < image.data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    image.data[i] = 128 + 90 * Math.sin(x / 7 + phase + (i % 3)) * Math.cos(y / 9) + (x > y ? 20 : 0);
  }
  return image;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "evaluate-"));
  for (const name of ["hr", "lr", "swapped", "short", "wrong", "broken", "empty"]) await mkdir(join(folder, name));
  for (const [i, name] of ["a", "b"].entries()) {
    const hr = picture(61, 50, i);
    const png = await encodePng(hr);
    await writeFile(join(folder, "hr", `${name}.png`), png);
    await writeFile(join(folder, "broken", `${name}.png`), i === 0 ? png : png.subarray(0, png.length / 2));
    await writeFile(join(folder, "lr", `${name}x4.png`), await encodePng(lowResolutionImages(hr, 4)[0]));
    await writeFile(
      join(folder, "swapped", `${name}.png`),
      await encodePng(lowResolutionImages(picture(61, 50, 2 + i), 4)[0]),
    );
    await writeFile(join(folder, "wrong", `${name}.png`), await encodePng(imresize(hr, 1 / 2)));
  }
  await writeFile(join(folder, "hr", "notes.txt"), "not an image");
  await writeFile(join(folder, "short", "a.png"), await encodePng(picture(15, 12, 0)));
  const model = createModel({ blocks: 1, features: 4, scale: 4, seed: 1 });
  await writeFile(join(folder, "model.safetensors"), encodeModel(model));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function drc(...args: string[]): Promise<string> {
  const written: string[] = [];
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => written.push(String(chunk)) > 0);
  const program = new Command("drc").exitOverride().configureOutput({ writeErr: () => undefined });
  registerEvaluate(program);
  try {
    await program.parseAsync(["evaluate", ...args], { from: "user" });
  } finally {
    stdout.mockRestore();
  }
  return written.join("");
}

async function refusal(...args: string[]): Promise<unknown> {
  return drc(...args).then(
    () => "accepted",
    (error: unknown) => error,
  );
}

const at = (name: string) => join(folder, name);

describe("drc evaluate --bicubic", () => {
  it("prints images, means and the whole protocol as JSON", async () => {
    const result = JSON.parse(await drc("--bicubic", "--scale", "4", "--hr", at("hr"), "--json"));
    expect(result.images.map(({ name }: { name: string }) => name)).toEqual(["a", "b"]);
    for (const { psnr, ssim } of result.images)
      expect([psnr > 25, psnr < 60, ssim > 0.8, ssim < 1]).not.toContain(false);
    expect(result.mean.psnr).toBeCloseTo((result.images[0].psnr + result.images[1].psnr) / 2, 9);
    expect(result.protocol).toMatchObject({ scale: 4, borderPixels: 4, colour: expect.stringContaining("BT.601") });
    expect(result.remarks).toEqual([]);
  });

  it("finds the same with LR images that are given, whatever order they have", async () => {
    const made = JSON.parse(await drc("--bicubic", "--scale", "4", "--hr", at("hr"), "--json"));
    const given = JSON.parse(await drc("--bicubic", "--scale", "4", "--hr", at("hr"), "--lr", at("lr"), "--json"));
    expect(given.images).toEqual(made.images);
    expect(given.protocol.lowResolution).toBe("as given");
  });

  it("remarks on LR images of other pictures (field case 25)", async () => {
    const result = JSON.parse(
      await drc("--bicubic", "--scale", "4", "--hr", at("hr"), "--lr", at("swapped"), "--json"),
    );
    expect(result.remarks).toEqual(["a", "b"].map((name) => ({ name, notes: ["LR_UNLIKE_HR"] })));
  });

  it("measures the border rule that was asked for, and names it", async () => {
    const run = (...more: string[]) => drc("--bicubic", "--scale", "4", "--hr", at("hr"), "--json", ...more);
    const [symmetric, replicate] = [JSON.parse(await run()), JSON.parse(await run("--border", "replicate"))];
    expect(replicate.protocol.upscaling).toContain("replicate");
    expect(replicate.images).not.toEqual(symmetric.images);
  });

  it("prints a table for people", async () => {
    const text = await drc("--bicubic", "--scale", "4", "--hr", at("hr"));
    expect(text).toMatch(/image +PSNR, dB +SSIM/);
    expect(text).toMatch(/mean of 2 +\d\d\.\d\d +0\.\d{4}/);
    expect(text).toContain("4 border pixels cut");
  });

  it("says where there is no SSIM", async () => {
    const result = JSON.parse(await drc("--bicubic", "--scale", "2", "--hr", at("short"), "--json"));
    expect([result.images[0].ssim, result.mean.ssim]).toEqual([null, null]);
  });
});

describe("drc evaluate --model", () => {
  it("measures a model at its own scale", async () => {
    const result = JSON.parse(await drc("--model", at("model.safetensors"), "--hr", at("hr"), "--json"));
    expect(result.protocol).toMatchObject({ scale: 4, upscaling: at("model.safetensors") });
    expect(result.images).toHaveLength(2);
    expect(Number.isFinite(result.mean.psnr)).toBe(true);
  });

  it("refuses another scale than the model's, and a file that is no model", async () => {
    const other = await refusal("--model", at("model.safetensors"), "--scale", "2", "--hr", at("hr"));
    expect(other).toMatchObject({ exitCode: 2, message: expect.stringMatching(/--scale: 2 does not fit .* ×4/) });
    const missing = await refusal("--model", at("nothing"), "--hr", at("hr"));
    expect(missing).toMatchObject({ exitCode: 2, message: expect.stringMatching(/--model: .*there is no such file/) });
    const image = await refusal("--model", at("hr/a.png"), "--hr", at("hr"));
    expect(image).toMatchObject({ exitCode: 2, message: expect.stringMatching(/^--model: .*a\.png: .*safetensors/) });
  });
});

describe("drc evaluate, when the input is wrong", () => {
  it.each([
    [["--scale", "4"], /--model FILE or --bicubic/],
    [["--bicubic"], /--scale is missing/],
    [["--bicubic", "--scale", "4", "--lr", "empty"], /--lr: .*empty holds no images/],
  ])("%j", async (args, message) => {
    const error = await refusal(...args.map((arg) => (arg === "empty" ? at(arg) : arg)), "--hr", at("hr"));
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });

  it.each([
    [["--bicubic", "--scale", "0", "--hr", "x"]],
    [["--bicubic", "--scale", "2.5", "--hr", "x"]],
    [["--bicubic", "--scale", "4", "--border", "mirror", "--hr", "x"]],
    [["--bicubic", "--model", "m", "--hr", "x"]],
    [["--bicubic", "--scale", "4"]],
  ])("%j is a wrong command line", async (args) => {
    expect(await refusal(...args)).toBeInstanceOf(CommanderError);
  });

  it("names both sizes and the expected one (field case 22)", async () => {
    const error = await refusal("--bicubic", "--scale", "4", "--hr", at("hr"), "--lr", at("wrong"));
    expect(error).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/--lr: a is 31×25, but the HR image of 61×50 at ×4 needs 15×12/),
    });
  });

  it("names the damaged image", async () => {
    const error = await refusal("--bicubic", "--scale", "4", "--hr", at("broken"));
    expect(error).toMatchObject({ code: "CORRUPT", message: expect.stringContaining(join("broken", "b.png")) });
  });

  it("names a folder that is missing", async () => {
    const error = await refusal("--bicubic", "--scale", "4", "--hr", at("nowhere"));
    expect(error).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/--hr: .*nowhere cannot be read \(there is no such file/),
    });
  });
});
