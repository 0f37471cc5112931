/** `drc submit` with images of one's own kind: pairs, LR images alone, unpaired ones; and with models in files. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import type { CompressionDetailResource, DatasetInput, DatasetVersionResource, JobResource } from "@drc/contracts";
import { encodePng, lowResolutionImages } from "@drc/imaging";
import { createModel, encodeModel } from "@drc/network";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drc } from "./support/drc.ts";
import { picture, pictureFolder } from "./support/pictures.ts";
import { addressOf, keyOf, startServer, type TestServer } from "./support/server.ts";

let server: TestServer;
let url: string;
let at: (name: string) => string;
let serverOptions: string[];

beforeAll(async () => {
  server = await startServer();
  ({ at, options: serverOptions } = server);
  await pictureFolder(at("div2k"), [1, 2, 3, 4]);
  for (const seed of [1, 2, 3, 4]) await writeLr(at(`div2k/${seed}x2.png`), seed);
  await mkdir(at("folders"));
  await pictureFolder(at("folders/HR"), [5, 6]);
  await mkdir(at("elsewhere/X2"), { recursive: true });
  for (const seed of [5, 6]) await writeLr(at(`elsewhere/X2/${seed}.png`), seed);
  // Collections are often links; one that leads back is no endless folder.
  await symlink(at("elsewhere"), at("folders/LR"));
  await symlink(at("folders"), at("folders/again"));
  await writeFile(at("folders/HR/notes.txt"), "Taken in June.");
  await mkdir(at("empty"));
  await mkdir(at("lr"));
  for (const seed of [7, 8, 9]) await writeLr(at(`lr/${seed}.png`), seed);
  await pictureFolder(at("hr"), [5, 6]);
  await pictureFolder(at("unmatched"), [1, 2]);
  await writeLr(at("unmatched/1x2.png"), 1);
  await writeLr(at("unmatched/9x2.png"), 9);
  const model = createModel({ blocks: 1, features: 8, scale: 2, seed: 3 });
  await writeFile(at("model.safetensors"), encodeModel(model));
  url = await addressOf(server.up);
});
afterAll(() => server.stop());

async function writeLr(path: string, seed: number): Promise<void> {
  await writeFile(path, await encodePng(lowResolutionImages(picture(seed), 2)[0]));
}

async function get<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${await keyOf(server.workplace.data)}` };
  return (await fetch(`${url}${path}`, { headers })).json() as Promise<T>;
}

function version({ datasetId, version }: DatasetInput): Promise<DatasetVersionResource> {
  return get(`/v1/datasets/${datasetId}/versions/${version}`);
}

interface Body {
  dataset: DatasetInput;
  unpaired: DatasetInput;
  evaluation: { dataset: DatasetInput };
  fineTuneTargets: string;
}

/** What was submitted, which is not computed where only that is looked at. */
async function cancelled(id: string): Promise<CompressionDetailResource> {
  return JSON.parse((await drc(["cancel", id, ...serverOptions, "--json"])).stdout);
}

describe("a compression of images of one's own", () => {
  let pairs: DatasetInput;

  it("takes HR and LR images by their names, unpaired ones, and a teacher in a file (field case 25)", async () => {
    const folders = [
      "--data",
      at("div2k"),
      "--content",
      "pairs",
      "--evaluation",
      at("folders"),
      "--unpaired",
      at("lr"),
    ];
    const rules = ["--on-odd-size", "modcrop", "--on-alpha", "255,255,0"];
    const network = ["--scale", "2", "--preset", "drn-tiny", "--teacher", at("model.safetensors")];
    const options = [...folders, ...rules, ...network, "--json"];
    const { code, stdout, errors } = await drc(["submit", ...serverOptions, ...options]);
    expect(code).toBe(0);
    const done = await cancelled(JSON.parse(stdout).id);
    const body = done.body as unknown as Body;
    pairs = body.dataset;
    const made = { state: "ready", onOddSize: "modcrop", onAlpha: { background: [255, 255, 0] }, badFiles: [] };
    expect(await version(body.dataset)).toMatchObject({ content: "pairs", images: 4, ...made });
    expect(await version(body.evaluation.dataset)).toMatchObject({ content: "pairs", images: 2, ...made });
    expect(await version(body.unpaired)).toMatchObject({ content: "lr", images: 3, ...made });
    expect(errors).toContain(`${at("folders")}: left out, as no images: HR/notes.txt`);
    const [uploaded] = errors.filter((line) => line.includes("uploaded as")).map((line) => line.split(" ").at(-1));
    expect(uploaded).toMatch(/^mdl_/);
    const specOf = (stage: "train" | "fineTune") => done.jobs.find(({ id }) => id === done.stages[stage])?.spec;
    expect(specOf("fineTune")).toMatchObject({ teacher: { modelId: uploaded }, unpaired: body.unpaired });
    expect(specOf("train")).toMatchObject({ unpaired: body.unpaired });
  });

  it("goes the whole way on LR images alone, from a network without dual networks, and says what it measured", async () => {
    const spec = { network: { preset: "drn-tiny", scale: 2 }, dataset: pairs, settings: { steps: 2, dualWeight: 0 } };
    const input = JSON.stringify({ kind: "train", spec });
    const trained = await drc(["submit", "-", ...serverOptions, "--watch", "--json"], { input });
    const { modelId } = (JSON.parse(trained.stdout) as JobResource).result as { modelId: string };
    expect(await get(`/v1/models/${modelId}`)).toMatchObject({ dualNetworks: 0 });

    const options = ["--model", modelId, "--data", at("lr"), "--content", "lr", "--fine-tune-steps", "2", "--watch"];
    const { code, stdout, errors } = await drc(["submit", ...serverOptions, ...options]);
    expect(code).toBe(0);
    expect(errors.join("\n")).toMatch(/✓ fine-tune +2 of 2 .*validation PSNR to the original's outputs \d+\.\d\d dB/);
    expect(errors.join("\n")).toContain("No --evaluation: PSNR will be that to the original network's outputs");
    expect(errors.join("\n")).not.toMatch(/✓ evaluate/);
    expect(stdout).toMatch(/PSNR to the original network's outputs, on what was held out .*: \d+\.\d\d dB/);
    expect(stdout).toMatch(/PSNR to HR images, .* was not measured/);
    expect(stdout).toMatch(/parameters +[\d,]+ → [\d,]+\n/);
    const [id] = stdout.split("\n");
    const { models, body } = await get<CompressionDetailResource>(`/v1/compressions/${id}`);
    expect(body).toMatchObject({ fineTuneTargets: "original" });
    expect(body).not.toHaveProperty("evaluation");
    expect(await get(`/v1/models/${models.compressed}`)).toMatchObject({ dualNetworks: 1 });
    const table = (await drc(["models", ...serverOptions])).stdout.split("\n");
    expect(table.find((row) => row.startsWith(models.compressed as string))).toMatch(/\d+\.\d\d dB to original/);
  });

  it("measures on HR images where a folder of them is given, and takes a model in a file and its scale", async () => {
    const model = ["--model", at("model.safetensors")];
    const options = ["--data", at("lr"), "--content", "lr", "--evaluation", at("hr"), "--json"];
    const submitted = await drc(["submit", ...serverOptions, ...model, ...options]);
    expect(submitted.errors.join("\n")).not.toContain("No --evaluation");
    const { body, stages } = await cancelled(JSON.parse(submitted.stdout).id);
    const { evaluation, dataset } = body as unknown as Body;
    expect(await version(evaluation.dataset)).toMatchObject({ content: "hr", scale: 2 });
    expect(await version(dataset)).toMatchObject({ content: "lr", scale: 2 });
    expect(stages).toMatchObject({ evaluateOriginal: expect.any(String), evaluateCompressed: expect.any(String) });
  });
});

describe("pairs without a partner (field case 25)", () => {
  const options = () => [
    "--data",
    at("unmatched"),
    "--content",
    "pairs",
    "--evaluation",
    at("folders"),
    "--scale",
    "2",
  ];

  it("are refused by name, with the option that leaves them out", async () => {
    const { code, errors } = await drc(["submit", ...serverOptions, ...options(), "--preset", "drn-tiny"]);
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatch(/cannot be used\. 2\.png: .*; 9x2\.png: .*leave them out with --skip-bad-files\.$/);
  });

  it("and of odd sizes are refused with the option that cuts them (field case 22)", async () => {
    await pictureFolder(at("odd"), [1], 65);
    await writeLr(at("odd/1x2.png"), 1);
    const odd = ["--data", at("odd"), "--content", "pairs", "--evaluation", at("folders"), "--scale", "2"];
    const { code, errors } = await drc(["submit", ...serverOptions, ...odd]);
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatch(/1\.png: 65×65 is no multiple.*\. --on-odd-size modcrop cuts odd sizes\. Replace/);
  });

  it("are left out where that is asked for", async () => {
    const { code, errors } = await drc(["submit", ...serverOptions, ...options(), "--skip-bad-files", "--json"]);
    // One pair is left: the server has none to validate on.
    expect([code, errors.at(-1)]).toEqual([1, expect.stringMatching(/^drc: \/validation: .* has 1 image/)]);
    expect(errors.join("\n")).toMatch(/unmatched: left out: 2\.png: .*\n.*left out: 9x2\.png: /);
  });
});

describe("is refused in one line before anything is uploaded", () => {
  const model = () => ["--model", at("model.safetensors")];
  const lr = () => ["--data", at("lr"), "--content", "lr"];

  it.concurrent.each<[string, () => string[], RegExp]>([
    ["LR images to train with", () => lr(), /^drc: --model: training .* HR images.*; give a model/],
    [
      "HR targets of LR images",
      () => [...lr(), ...model(), "--fine-tune-targets", "images"],
      /^drc: --fine-tune-targets: .* take original/,
    ],
    ["a search that reads HR", () => [...lr(), ...model(), "--plan", "drc"], /^drc: --plan: .*second-order or uniform/],
    [
      "a choice that reads HR",
      () => [...lr(), ...model(), "--importance", "taylor"],
      /^drc: --importance: .* take second-order, l1, fpgm or random/,
    ],
    [
      "unpaired images beside LR targets",
      () => [...lr(), ...model(), "--unpaired", at("hr")],
      /^drc: --unpaired: .*into --data/,
    ],
    [
      "a model that is nowhere",
      () => [...lr(), "--model", "model_1"],
      /^drc: --model: model_1 is neither .*no such file/,
    ],
    [
      "an empty folder of pairs",
      () => ["--data", at("empty"), "--content", "pairs", "--evaluation", at("hr")],
      /^drc: --data: .*HR and LR/,
    ],
  ])("%s: exit code 2", async (_what, options, message) => {
    const ended = await drc(["submit", ...options(), ...serverOptions]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.errors).toEqual([expect.stringMatching(message)]);
  });

  it("a file that is no model, by the option and its path, whatever its name", async () => {
    await writeFile(at("mdl_best.safetensors"), "not a model");
    const named = await drc(["submit", ...serverOptions, ...lr(), "--model", at("mdl_best.safetensors")]);
    expect(named.errors).toEqual([expect.stringMatching(/^drc: --model: .*mdl_best\.safetensors: ./)]);
    const here = ["submit", ...serverOptions, ...lr(), "--model", "mdl_best.safetensors"];
    expect((await drc(here)).errors).toEqual([
      expect.stringMatching(/mdl_best\.safetensors is neither .*no such file/),
    ]);
    const none = `mdl_${"0".repeat(20)}`;
    const unknown = await drc(["submit", ...serverOptions, ...lr(), ...model(), "--teacher", none]);
    expect(unknown.errors.at(-1)).toMatch(new RegExp(`^drc: --teacher: ${none}: `));
  });

  it("a scale that is not the model's or the teacher's, and a background that is no colour", async () => {
    const scale = await drc(["submit", ...serverOptions, ...lr(), ...model(), "--scale", "4"]);
    expect(scale).toMatchObject({ code: 2, stdout: "" });
    expect(scale.errors.at(-1)).toMatch(/^drc: --scale: the model is one for ×2, and 4 is given/);
    const pairs = ["--data", at("div2k"), "--content", "pairs", "--evaluation", at("folders")];
    const teacher = await drc(["submit", ...serverOptions, ...pairs, "--teacher", at("model.safetensors")]);
    expect(teacher).toMatchObject({ code: 2, stdout: "" });
    expect(teacher.errors.at(-1)).toMatch(/^drc: --teacher: it is a network for ×2, the compressed one for ×4/);
    expect(teacher.errors.join("\n")).not.toContain("ingest");
    const colour = await drc(["submit", ...serverOptions, ...lr(), ...model(), "--on-alpha", "pink"]);
    expect([colour.code, colour.errors[0]]).toEqual([2, expect.stringMatching(/--on-alpha.*'pink'/)]);
  });
});
