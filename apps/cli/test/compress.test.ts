/** `drc compress` as a process: a smaller network from photographs or from LR images alone. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodePng, lowResolutionImages } from "@drc/imaging";
import { costAtPublishedSizes, createModel, decodeModel, encodeModel } from "@drc/network";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildPrograms, drc } from "./support/drc.ts";
import { picture, pictureFolder } from "./support/pictures.ts";
import { makeWorkplace, type Workplace } from "./support/server.ts";

let workplace: Workplace;
let at: (name: string) => string;

beforeAll(async () => {
  await buildPrograms();
  workplace = await makeWorkplace();
  at = (name) => join(workplace.path, name);
  const model = createModel({ blocks: 1, features: 8, scale: 2, seed: 3 });
  await writeFile(at("model.safetensors"), encodeModel(model));
  await writeFile(at("without-duals.safetensors"), encodeModel({ ...model, duals: [] }));
  await writeFile(at("x4.safetensors"), encodeModel(createModel({ blocks: 1, features: 4, scale: 4, seed: 3 })));
  await pictureFolder(at("hr"), [1, 2, 3], 64);
  await mkdir(at("lr"));
  for (const seed of [1, 2, 3]) {
    const [lr] = lowResolutionImages(picture(seed, 64, 64), 2);
    await writeFile(at(`lr/${seed}.png`), await encodePng(lr));
  }
});
afterAll(() => workplace.remove());

function compress(output: string, ...options: string[]) {
  const chosen = options.length > 0 && !options[0].startsWith("--") ? options.shift() : undefined;
  const rest = options.includes("--images") ? options : ["--images", at("hr"), ...options];
  const remove = options.includes("--remove") ? [] : ["--remove", "0.4"];
  const model = at(chosen ?? "model.safetensors");
  return drc(["compress", model, "--output", at(output), ...remove, ...rest, "--threads", "2"]);
}

async function readModel(name: string) {
  return decodeModel(new Uint8Array(await readFile(at(name))));
}

it("makes a smaller network and says what it costs on images held out", async () => {
  const { code, stdout, errors } = await compress("small.safetensors", "--json");
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  // Of 1.png, 2.png and 3.png the second has the smallest hash: a server would hold it out, too.
  const { parameters } = costAtPublishedSizes((await readModel("small.safetensors")).primal.graph);
  expect(report).toMatchObject({
    output: at("small.safetensors"),
    scale: 2,
    asked: { of: "parameters", remove: 0.4 },
    achieved: { parameters, met: true },
    trainedDualNetworks: false,
    fineTuneSteps: 0,
    images: { found: 3, calibration: 2 },
    change: { against: "HR images", measuredOn: "images held out", images: [{ name: "2" }] },
    seed: 1,
  });
  expect(parameters).toBeLessThan(0.65 * report.original.parameters);
  expect(report.change.original.psnr).toBeGreaterThan(0);
  expect(report.change.compressed.psnr).toBeGreaterThan(0);
  // Progress is for people, and not part of the document.
  expect(errors.join("\n")).toMatch(/channel-search: \d+ of \d+\n(.*\n)*prune: \d+ of \d+/);
  expect((await readdir(workplace.path)).filter((name) => name.endsWith(".part"))).toEqual([]);
});

it("keeps in the file how it was made, for the card beside an export", async () => {
  await compress("with-lineage.safetensors", "--seed", "3");
  const file = at("with-lineage.safetensors");
  const { code } = await drc([
    "export",
    file,
    "--format",
    "onnx",
    "--output",
    at("small.onnx"),
    "--card",
    at("card.md"),
    "--licence",
    "MIT",
  ]);
  expect(code).toBe(0);
  const card = await readFile(at("card.md"), "utf8");
  const hashOf = async (name: string) =>
    createHash("sha256")
      .update(await readFile(at(name)))
      .digest("hex");
  expect(card).toMatch(/^# with-lineage\n/);
  expect(card).toContain("| licence | MIT |");
  expect(card).toContain(await hashOf("with-lineage.safetensors"));
  expect(card).toMatch(
    /- \*\*drc compress\*\*\n {2}- method balanced\n {2}- budget: 40\.0 % of parameters asked, [\d.]+ % achieved/,
  );
  expect(card).toContain("seed 3");
  expect(card).toContain(`"baseModel":{"sha256":"${await hashOf("model.safetensors")}"}`);
  expect(card).toContain("run on tensorflow");
  const again = await drc(["export", file, "--format", "onnx", "--output", at("small.onnx"), "--licence", "MIT"]);
  expect(again.code).toBe(2);
  expect(again.errors.join()).toContain("--licence: it is written into the card; give --card FILE as well");
});

it("writes the same bytes for the same seed", async () => {
  for (const name of ["first", "second"]) await compress(`${name}.safetensors`, "--seed", "7");
  await compress("other.safetensors", "--seed", "8");
  const [first, second, other] = await Promise.all(
    ["first", "second", "other"].map((name) => readFile(at(`${name}.safetensors`))),
  );
  expect(second.equals(first)).toBe(true);
  expect(other.equals(first)).toBe(false);
});

it("needs LR images alone, trains the dual networks that are missing, and says how far the outputs moved", async () => {
  const lr = ["--images", at("lr"), "--lr-only", "--of", "multiplyAdds"];
  const { code, stdout, errors } = await compress("from-lr.safetensors", "without-duals.safetensors", ...lr, "--json");
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({
    asked: { of: "multiplyAdds" },
    achieved: { met: true },
    guide: "dual-input",
    trainedDualNetworks: true,
    change: { against: "the original network's outputs", compressed: { psnr: expect.any(Number) } },
  });
  expect(report.change).not.toHaveProperty("original");
  expect(errors.join("\n")).toContain("they were trained from its outputs");
  expect((await readModel("from-lr.safetensors")).duals).toHaveLength(1);
  const plain = await compress("from-lr.safetensors", ...lr);
  expect(plain.stdout).toMatch(/PSNR to the original's outputs +\d+\.\d\d dB/);
});

it.each([
  ["HR images", []],
  ["LR images alone", ["--lr-only"]],
])("fine-tunes with %s where it is asked to", async (what, options) => {
  const given = ["--images", at(options.length > 0 ? "lr" : "hr"), ...options, "--seed", "3"];
  const tuned = await compress("tuned.safetensors", ...given, "--fine-tune-steps", "3", "--json");
  expect(tuned.code).toBe(0);
  expect(tuned.errors.join("\n")).toMatch(/fine-tune: 3 of 3/);
  const against = options.length > 0 ? "the original network's outputs" : what;
  expect(JSON.parse(tuned.stdout)).toMatchObject({ fineTuneSteps: 3, change: { against } });
  await compress("untuned.safetensors", ...given);
  const [first, second] = await Promise.all([readModel("tuned.safetensors"), readModel("untuned.safetensors")]);
  expect(first.primal.graph).toEqual(second.primal.graph);
  expect(first.primal.weights).not.toEqual(second.primal.weights);
});

it("fine-tunes with a teacher, which may be another network of the same scale", async () => {
  const teacher = createModel({ blocks: 2, features: 4, scale: 2, seed: 5 });
  await writeFile(at("teacher.safetensors"), encodeModel(teacher));
  const given = ["--fine-tune-steps", "2", "--seed", "3"];
  expect((await compress("taught.safetensors", ...given, "--teacher", at("teacher.safetensors"))).code).toBe(0);
  await compress("untaught.safetensors", ...given);
  const [first, second] = await Promise.all([readModel("taught.safetensors"), readModel("untaught.safetensors")]);
  expect(first.primal.graph).toEqual(second.primal.graph);
  expect(first.primal.weights).not.toEqual(second.primal.weights);
});

it("measures on the only image where there is one alone, and says so", async () => {
  await pictureFolder(at("single"), [1]);
  const { stdout } = await compress("single.safetensors", "--images", at("single"));
  expect(stdout).toMatch(/PSNR to the HR images +\d+\.\d\d dB → \d+\.\d\d dB \([−+]\d+\.\d\d dB\)/);
  expect(stdout).toContain("measured on the image of the calibration: 1 ");
});

it.each<[string, string[], RegExp]>([
  ["a model that is none", ["hr/1.png"], /^drc: model: .*1\.png: .*safetensors/],
  [
    "a share that the network cannot lose (field case 33)",
    ["--remove", "0.99"],
    /^drc: --remove is 0\.99: .* at most 0\.\d+/,
  ],
  ["a share of 0 (field case 33)", ["--remove", "0"], /^drc: --remove is 0: .* above 0 and at most 0\.\d+/],
  ["a share that is no number", ["--remove", "half"], /--remove <share>.*Give a number/],
  ["a guide that needs HR images", ["--lr-only", "--guide", "primal"], /^drc: --guide: primal .*take dual-input/],
  ["a folder without images", ["--images", "empty"], /^drc: --images: .* holds no images/],
  [
    "an image smaller than a patch (field case 24)",
    ["--images", "tiny"],
    /^drc: --images: .*5\.png is 40×40; .* 48×48 HR/,
  ],
  ["an output in a folder that is not there", ["--output", "/nowhere/x"], /^drc: --output: the folder of \/nowhere\/x/],
  ["a teacher that nothing is tuned with", ["--teacher", "x"], /^drc: --teacher: .*give --fine-tune-steps/],
  [
    "a teacher of another scale",
    ["--fine-tune-steps", "2", "--teacher", "x4"],
    /^drc: --teacher: .* for ×4, the model one for ×2/,
  ],
  ["an unknown option", ["--keep", "0.5"], /unknown option '--keep'/],
])("refuses %s before it computes", async (_what, options, message) => {
  if (options.includes("tiny")) await pictureFolder(at("tiny"), [5], 40);
  const folders: Record<string, string> = { tiny: at("tiny"), empty: workplace.data, x4: at("x4.safetensors") };
  const given = options.map((option) => folders[option] ?? option);
  const { code, stdout, errors } = await compress("refused.safetensors", ...given);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(errors.join("\n")).toMatch(message);
  expect(await readdir(workplace.path)).not.toContain("refused.safetensors");
});

it("keeps the model from being overwritten by its own compression", async () => {
  const { code, errors } = await compress("model.safetensors");
  expect(code).toBe(2);
  expect(errors.at(-1)).toMatch(/^drc: --output: .* is the model itself/);
});
