import type { DatasetImage, DatasetSettings, FieldError, IngestResult, JobError } from "@drc/contracts";
import { cropImage, decodeImage, encodePng, lowResolutionImages, type RgbImage } from "@drc/imaging";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pngFile, wideRow } from "../../../packages/imaging/test/png-file.ts";
import { photograph, type UploadedImage } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, untilState } from "./support/worker.ts";

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;

beforeAll(async () => {
  services = await useServices();
  keepers = startKeepers(services);
  worker = await startTestWorker(services, "none:2");
});
afterAll(async () => {
  await worker.drain();
  await keepers.stop();
  await services.stop();
});

async function file(name: string, image: RgbImage, alpha?: Uint8Array): Promise<UploadedImage> {
  return { name, bytes: await encodePng(image, alpha) };
}

/** The version that an ingest of these files leaves, and its job's result or error. */
async function ingest(state: "succeeded" | "failed", files: UploadedImage[], settings: Partial<DatasetSettings> = {}) {
  const { ingestJobId } = await submitDataset(services, files, { scale: 4, ...settings });
  const job = await untilState(services, ingestJobId, state);
  const version = await services.database.datasetVersion.findFirstOrThrow({ where: { ingestJobId } });
  const notes = version.notes as unknown as FieldError[];
  return {
    result: job.result as unknown as IngestResult,
    error: job.error as unknown as JobError,
    images: version.images as unknown as DatasetImage[],
    badFiles: version.badFiles as unknown as FieldError[],
    // Most images here are small, to be quick; a test of its own is on that.
    notes: notes.filter(({ code }) => code !== "SMALLER_THAN_PATCH"),
    smallerThanPatch: notes.filter(({ code }) => code === "SMALLER_THAN_PATCH"),
  };
}

const codes = (findings: FieldError[]) => findings.map(({ file, code }) => `${file} ${code}`).sort();

async function stored(blob: { sha256: string } | undefined): Promise<RgbImage> {
  return (await decodeImage(await services.store.read(blob?.sha256 ?? ""))).image;
}

/** 4×4 files of each kind of channels. */
async function files4x4(): Promise<UploadedImage[]> {
  const png = (name: string, bitDepth: 8 | 16, colourType: number, row: number[], palette?: number[]) => ({
    name,
    bytes: pngFile({
      width: 4,
      height: 4,
      bitDepth,
      colourType,
      rows: [row, row, row, row],
      chunks: palette ? [["PLTE", Buffer.from(palette)]] : [],
    }),
  });
  return [
    png("gray.png", 8, 0, [0, 80, 160, 240]),
    png("gray-alpha.png", 8, 4, [0, 255, 80, 255, 160, 0, 240, 51]),
    png("palette.png", 8, 3, [0, 1, 0, 1], [255, 0, 0, 0, 0, 255]),
    png("wide.png", 16, 0, wideRow(0, 0x1234, 0x12ff, 65535)),
    await file("opaque.png", photograph(1, 4, 4), new Uint8Array(16).fill(255)),
    await file("clear.png", photograph(1, 4, 4), new Uint8Array(16).fill(0)),
  ];
}

it("field cases 17, 19: drops transparency and bits, names each file, and counts them", async () => {
  const { images, result, notes } = await ingest("succeeded", await files4x4());
  expect(codes(notes)).toEqual([
    "clear.png ALPHA_DROPPED",
    "clear.png DUPLICATE",
    "gray-alpha.png ALPHA_DROPPED",
    // Without its alpha channel it is gray.png.
    "gray-alpha.png DUPLICATE",
    "wide.png BIT_DEPTH_REDUCED",
  ]);
  expect(result.noteCounts).toEqual({ ALPHA_DROPPED: 2, BIT_DEPTH_REDUCED: 1, DUPLICATE: 2, SMALLER_THAN_PATCH: 6 });
  const row = async (name: string) =>
    Array.from((await stored(images.find((image) => image.name === name)?.hr)).data.subarray(0, 12));
  expect(await row("gray-alpha.png")).toEqual([0, 80, 160, 240].flatMap((value) => [value, value, value]));
  expect(await row("wide.png")).toEqual([0, 18, 19, 255].flatMap((value) => [value, value, value]));
  expect(await row("palette.png")).toEqual([255, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255]);
});

it("field case 19: puts transparent images on the background that is asked for", async () => {
  const { images, result } = await ingest("succeeded", await files4x4(), { onAlpha: { background: [0, 255, 100] } });
  expect(result.noteCounts).toEqual({ ALPHA_COMPOSITED: 2, BIT_DEPTH_REDUCED: 1, SMALLER_THAN_PATCH: 6 });
  const { data } = await stored(images.find(({ name }) => name === "gray-alpha.png")?.hr);
  // α = 51/255 = 1/5 in the last: (240 + 4·0)/5 = 48, (240 + 4·255)/5 = 252, (240 + 4·100)/5 = 128.
  expect(Array.from(data.subarray(3, 12))).toEqual([80, 80, 80, 0, 255, 100, 48, 252, 128]);
});

it("field case 19: refuses transparent images where asked, and no opaque alpha channel", async () => {
  const { error } = await ingest("failed", await files4x4(), { onAlpha: "reject" });
  expect(codes(error.errors ?? [])).toEqual(["clear.png TRANSPARENT", "gray-alpha.png TRANSPARENT"]);
  expect(error.errors?.[0].detail).toMatch(/has transparency; flatten it/);
});

it("names an image beyond the limit of pixels without decoding it", async () => {
  const rows = Array.from({ length: 10 }, () => [0]);
  const bomb = pngFile({ width: 100_000, height: 10_001, bitDepth: 1, colourType: 0, rows });
  const { badFiles } = await ingest("succeeded", [await file("a.png", photograph(1)), { name: "b.png", bytes: bomb }], {
    onBadFile: "skip",
  });
  expect(codes(badFiles)).toEqual(["b.png TOO_LARGE"]);
  expect(badFiles[0].detail).toMatch(/the limit is 1,000,000$/);
});

it("refuses HR images that are no multiple of the scale where asked", async () => {
  const { error } = await ingest("failed", [await file("odd.png", photograph(1, 50, 48))], { onOddSize: "reject" });
  expect(codes(error.errors ?? [])).toEqual(["odd.png ODD_SIZE"]);
  expect(error.errors?.[0].detail).toMatch(/50×48 is no multiple of the scale 4; cut it to 48×48/);
});

it("field case 24: names images whose LR image is smaller than a patch of the default size", async () => {
  const files = [
    await file("tiny.png", photograph(1, 8, 8)),
    await file("flat.png", photograph(2, 24, 23)),
    await file("patch.png", photograph(3, 24, 24)),
    await file("four.png", photograph(4, 96, 96)),
  ];
  const hr = await ingest("succeeded", files);
  expect(hr.smallerThanPatch.map(({ file }) => file)).toEqual(["tiny.png", "flat.png", "patch.png"]);
  expect(hr.smallerThanPatch[0].detail).toMatch(/LR image is 2×2, smaller than a patch of 24×24/);
  // A smaller patch helps where one fits.
  expect(hr.smallerThanPatch[0].detail).toMatch(
    /at all, for no patch fits it: make a version without images below 4×4/,
  );
  expect(hr.smallerThanPatch[2].detail).toMatch(/LR image is 6×6, .* but with a smaller "patchSize"\.$/);
  const lr = await ingest("succeeded", files, { content: "lr" });
  expect(lr.smallerThanPatch.map(({ file }) => file)).toEqual(["tiny.png", "flat.png"]);
});

it("field case 27: finds equal bytes and equal pixels, and says which they equal", async () => {
  const image = photograph(3);
  const { bytes } = await file("", image);
  const alpha = new Uint8Array(image.width * image.height).fill(255);
  const files = [
    { name: "a.png", bytes },
    { name: "b.png", bytes },
    await file("c.png", image, alpha),
    await file("d.png", photograph(4)),
  ];
  const { notes, images } = await ingest("succeeded", files);
  expect(codes(notes)).toEqual(["b.png DUPLICATE", "c.png DUPLICATE"]);
  expect(notes.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/same bytes as a\.png/),
    expect.stringMatching(/same pixels as a\.png/),
  ]);
  expect(images.map(({ hr }) => hr?.sha256 === images[0].hr?.sha256)).toEqual([true, true, true, false]);
});

/** An HR image and an LR image of one's own: darker than the one that would be made. */
async function pair(seed: number, width: number, height: number, hrName: string, lrName: string) {
  const hr = photograph(seed, width, height);
  const [lr] = lowResolutionImages(cropImage(hr, 0, 0, width - (width % 4), height - (height % 4)), 4);
  const own = { ...lr, data: lr.data.map((value) => value >> 1) };
  return { hr, own, files: [await file(hrName, hr), await file(lrName, own)] };
}

it("takes LR images of one's own, by DIV2K's names and by folders, and makes those between", async () => {
  const first = await pair(1, 48, 64, "DIV2K_train_HR/0001.png", "DIV2K_train_LR_bicubic/X4/0001x4.png");
  const second = await pair(2, 64, 48, "HR/a.png", "LR/a.png");
  const { images, notes } = await ingest("succeeded", [...first.files, ...second.files], { content: "pairs" });
  expect(images.map(({ name, width, height, lrs }) => [name, width, height, lrs.length])).toEqual([
    ["DIV2K_train_HR/0001.png", 48, 64, 2],
    ["HR/a.png", 64, 48, 2],
  ]);
  const [{ hr, lrs }] = images;
  expect(await stored(hr)).toEqual(first.hr);
  expect(await stored(lrs[0])).toEqual(first.own);
  expect(await stored(lrs[1])).toEqual(lowResolutionImages(first.hr, 4)[1]);
  expect(notes).toEqual([]);
});

it("field case 22: names both sizes, the expected size and the image of a pair that does not fit", async () => {
  const equal = [await file("HR/a.png", photograph(1, 256, 256)), await file("LR/a.png", photograph(1, 256, 256))];
  const { error } = await ingest("failed", equal, { content: "pairs" });
  expect(codes(error.errors ?? [])).toEqual(["HR/a.png SIZE_MISMATCH"]);
  expect(error.errors?.[0].detail).toBe(
    "HR/a.png: the HR image is 256×256, the LR image 256×256; at ×4 an LR image of 64×64 is expected",
  );
});

it("field case 22: refuses a pair of odd size, and with modcrop cuts its HR image and says so", async () => {
  const { files, own, hr } = await pair(1, 257, 255, "a.png", "ax4.png");
  const { error } = await ingest("failed", files, { content: "pairs" });
  expect(codes(error.errors ?? [])).toEqual(["a.png ODD_SIZE"]);
  expect(error.errors?.[0].detail).toMatch(/257×255.*cut it to 256×252, which fits the LR image of 64×63.*"modcrop"/);
  const { images, notes } = await ingest("succeeded", files, { content: "pairs", onOddSize: "modcrop" });
  expect(codes(notes)).toEqual(["a.png CROPPED"]);
  expect(await stored(images[0].hr)).toEqual(cropImage(hr, 0, 0, 256, 252));
  expect(await stored(images[0].lrs[0])).toEqual(own);
});

it("field case 25: names the version, both counts and the names without a partner, or leaves those files out", async () => {
  const { files } = await pair(1, 48, 48, "HR/0001.png", "LR/0001x4.png");
  const alone = [await file("HR/0002.png", photograph(2)), await file("LR/0003x4.png", photograph(3))];
  const { error } = await ingest("failed", [...files, ...alone], { content: "pairs" });
  expect(error.detail).toMatch(
    /^Version 1 of ds_\w+: 2 HR and 2 LR images do not pair up \(HR without LR: 0002; LR without HR: 0003x4\)/,
  );
  expect(codes(error.errors ?? [])).toEqual(["HR/0002.png UNPAIRED", "LR/0003x4.png UNPAIRED"]);
  const { images, badFiles } = await ingest("succeeded", [...files, ...alone], { content: "pairs", onBadFile: "skip" });
  expect(images.map(({ name }) => name)).toEqual(["HR/0001.png"]);
  expect(codes(badFiles)).toEqual(["HR/0002.png UNPAIRED", "LR/0003x4.png UNPAIRED"]);
});

it("field case 25: warns of LR images that show another picture", async () => {
  const first = await pair(1, 64, 64, "HR/1.png", "LR/2.png");
  const second = await pair(2, 64, 64, "HR/2.png", "LR/1.png");
  const { notes } = await ingest("succeeded", [...first.files, ...second.files], { content: "pairs" });
  expect(codes(notes)).toEqual(["HR/1.png LR_UNLIKE_HR", "HR/2.png LR_UNLIKE_HR"]);
});
