/** Commands that talk to a server, and their exit codes; one server serves all of these tests. */
import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { ChannelSearchResult, DatasetInput, EvaluateResult } from "@drc/contracts";
import { encodePng } from "@drc/imaging";
import { costAtPublishedSizes, decodeModel } from "@drc/network";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drc, startDrc } from "./support/drc.ts";
import { picture, pictureFolder } from "./support/pictures.ts";
import { addressOf, keyOf, startServer, type TestServer } from "./support/server.ts";

let server: TestServer;
let url: string;
let at: (name: string) => string;
let serverOptions: string[];

beforeAll(async () => {
  server = await startServer();
  ({ at, options: serverOptions } = server);
  await pictureFolder(at("train"), [1, 2, 3, 4]);
  await pictureFolder(at("held-out"), [5, 6]);
  await pictureFolder(at("broken"), [7, 8]);
  const png = await encodePng(picture(9));
  await writeFile(at("broken/9.png"), png.subarray(0, png.length / 2));
  await mkdir(at("empty"));
  await writeFile(at("list.json"), "[]");
  url = await addressOf(server.up);
});
afterAll(() => server.stop());

async function cancel(jobId: string): Promise<void> {
  const headers = { authorization: `Bearer ${await keyOf(server.workplace.data)}` };
  const response = await fetch(`${url}/v1/jobs/${jobId}/cancel`, { method: "POST", headers });
  expect(response.status).toBeLessThan(300);
}

interface Compression {
  id: string;
  stages: Record<string, string>;
  jobs: { id: string; state: string; result: Record<string, unknown> }[];
  models: { original: string; compressed: string };
  body: { dataset: DatasetInput; evaluation: { dataset: DatasetInput } };
}

/** A compression that takes seconds. */
const small = () => {
  const folders = ["--data", at("train"), "--evaluation", at("held-out"), "--scale", "2"];
  return [...folders, "--preset", "drn-tiny", "--steps", "4", "--fine-tune-steps", "2"];
};

describe("a compression of a folder of images", () => {
  let done: Compression;

  function resultOf<T>(stage: string): T {
    return done.jobs.find(({ id }) => id === done.stages[stage])?.result as T;
  }

  it("is followed to its end", async () => {
    const submitted = await drc(["submit", ...serverOptions, ...small(), "--name", "tiny", "--watch", "--json"]);
    expect(submitted.errors.join("\n")).toMatch(/✓ train +4 of 4/);
    expect(submitted).toMatchObject({ code: 0 });
    done = JSON.parse(submitted.stdout);
    expect(done).toMatchObject({ name: "tiny", state: "succeeded" });
    expect(new Set(done.jobs.map(({ state }) => state))).toEqual(new Set(["succeeded"]));
    expect(resultOf<EvaluateResult>("evaluateBicubic").mean.psnr).toBeGreaterThan(10);
  });

  it("gives models that are listed and downloaded, the compressed one as small as its search says", async () => {
    const { models } = JSON.parse((await drc(["models", ...serverOptions, "--json"])).stdout);
    const table = await drc(["models", ...serverOptions]);
    const parameters: number[] = [];
    for (const id of [done.models.original, done.models.compressed]) {
      const listed = models.find((model: { id: string }) => model.id === id);
      const row = table.stdout.split("\n").find((line) => line.startsWith(id));
      const stage = id === done.models.original ? "train" : "fine-tune";
      expect(row).toMatch(new RegExp(`${stage} \\(best\\) of ${done.id} +\\d+\\.\\d\\d dB`));
      const output = at(`${id}.safetensors`);
      const saved = await drc(["download", id, ...serverOptions, "--output", output, "--json"]);
      expect([saved.code, JSON.parse(saved.stdout)]).toEqual([0, { model: id, output }]);
      const { primal, duals } = decodeModel(new Uint8Array(await readFile(output)));
      expect(duals).toHaveLength(1);
      expect((await stat(output)).size).toBe(listed.sizeBytes);
      expect(costAtPublishedSizes(primal.graph).parameters).toBe(listed.cost.parameters);
      parameters.push(listed.cost.parameters);
    }
    const [original, compressed] = parameters;
    const { achieved } = resultOf<ChannelSearchResult>("search");
    expect(achieved.removedShare).toBeGreaterThan(0.4);
    expect(compressed).toBe(achieved.parameters);
    expect(1 - compressed / original).toBeCloseTo(achieved.removedShare, 9);
  });

  it("is found in the lists, with its jobs and datasets", async () => {
    const list = async (...args: string[]) => (await drc([...args, ...serverOptions])).stdout;
    expect(await list("compressions")).toMatch(new RegExp(`^${done.id} +succeeded +50 % of parameters .* tiny`, "m"));
    const stages = JSON.parse(await list("jobs", "--compression", done.id, "--json"));
    expect(stages.more).toBe(false);
    expect(new Set(stages.jobs.map(({ id }: { id: string }) => id))).toEqual(new Set(done.jobs.map(({ id }) => id)));
    const one = await list("jobs", "--compression", done.id, "--kind", "fine-tune");
    expect(one).toMatch(/^job_\w+ +fine-tune +succeeded/m);
    expect(await list("jobs", "--state", "failed")).toBe("No jobs.");
    expect(await list("compressions", "--state", "failed")).toBe("No compressions.");
    const { compressed, original } = done.models;
    const found = await list("models", "--search", compressed);
    expect([found.includes(compressed), found.includes(original)]).toEqual([true, false]);
    expect(await list("models", "--search", "no such name")).toBe(
      'No model has "no such name" as its identifier or in its name.',
    );
    expect(await list("jobs", "--limit", "2")).toContain("There are more than 2; --limit 20 shows more.");
    expect(await list("datasets")).toContain(done.body.evaluation.dataset.datasetId);
    expect(await drc(["jobs", "--limit", "0", ...serverOptions])).toMatchObject({ code: 2 });
  });

  it("can be watched after its end", async () => {
    const watched = await drc(["watch", done.id, ...serverOptions]);
    expect(watched.code).toBe(0);
    expect(watched.errors.filter((line) => line.startsWith("✓"))).toHaveLength(7);
    expect(watched.errors.find((line) => line.startsWith("✓ fine-tune"))).toMatch(
      /best validation PSNR \d+\.\d\d dB at step \d/,
    );
    const lines = watched.stdout.split("\n");
    for (const [name, stage] of [
      ["bicubic", "evaluateBicubic"],
      ["original", "evaluateOriginal"],
      ["compressed", "evaluateCompressed"],
    ]) {
      const { mean, cost } = resultOf<EvaluateResult>(stage);
      const row = lines.find((line) => line.startsWith(name));
      expect(row).toContain(`${mean.psnr?.toFixed(2)} dB`);
      if (cost) expect(row).toContain(cost.parameters.toLocaleString("en-US"));
    }
    const { removedShare } = resultOf<ChannelSearchResult>("search").achieved;
    expect(watched.stdout).toContain(`Removed: ${(100 * removedShare).toFixed(1)} % of the parameters; 50.0 % were`);
    expect(watched.stdout).toContain(
      `npx drc download ${done.models.compressed} --output compressed.safetensors --data-folder ${server.workplace.data}`,
    );
    expect(lines.at(-1)).toBe(`${done.id} succeeded.`);
  });

  it("is made again of the same datasets without an upload, and deleted", async () => {
    const { dataset, evaluation } = done.body;
    const before = JSON.parse((await drc(["datasets", ...serverOptions, "--json"])).stdout);
    const images = ["--data", dataset.datasetId, "--evaluation", `${evaluation.dataset.datasetId}@1`];
    const recipe = ["--scale", "2", "--preset", "drn-tiny", "--steps", "4", "--fine-tune-steps", "2"];
    const again = await drc(["submit", ...serverOptions, ...images, ...recipe, "--watch", "--json"]);
    expect(again.code).toBe(0);
    const second = JSON.parse(again.stdout) as Compression;
    expect(second.body).toMatchObject({ dataset, evaluation });
    expect(JSON.parse((await drc(["datasets", ...serverOptions, "--json"])).stdout)).toEqual(before);
    const kept = await drc(["delete", second.id, "--models", ...serverOptions]);
    expect(kept).toMatchObject({ code: 0, stdout: `${second.id} deleted.` });
    expect((await drc(["compressions", ...serverOptions])).stdout).not.toContain(second.id);
    expect((await drc(["models", ...serverOptions])).stdout).not.toContain(second.models.compressed);
  });

  it("refuses a dataset that it cannot read, by its option", async () => {
    const { dataset } = done.body;
    const refused = async (data: string, ...more: string[]) => {
      const evaluation = ["--evaluation", at("held-out"), "--preset", "drn-tiny"];
      const { code, errors } = await drc(["submit", ...serverOptions, "--data", data, ...evaluation, ...more]);
      return `${code} ${errors.at(-1)}`;
    };
    expect(await refused(dataset.datasetId, "--scale", "4")).toMatch(
      /^2 drc: --data: version 1 .* is for ×2, .* for ×4/,
    );
    expect(await refused(`${dataset.datasetId}@7`)).toMatch(/^1 drc: --data: .* has no version 7\./);
    expect(await refused(`${dataset.datasetId}@first`)).toMatch(/^2 drc: --data: .* a version is a whole number/);
    expect(await refused(dataset.datasetId, "--content", "pairs")).toMatch(/^2 drc: --content: .* holds hr, not pairs/);
    const { code, errors } = await drc(["delete", "x_1", ...serverOptions]);
    expect([code, errors[0]]).toEqual([
      2,
      expect.stringContaining('"x_1" is no dataset, model, job, compression or sweep'),
    ]);
  });

  it("is followed by a job of a JSON file, which finds the same", async () => {
    const spec = { model: { modelId: done.models.compressed }, dataset: done.body.evaluation.dataset };
    await writeFile(at("evaluate.json"), JSON.stringify({ kind: "evaluate", spec }));
    const submitted = await drc(["submit", at("evaluate.json"), ...serverOptions]);
    const [id, hint] = submitted.stdout.split("\n");
    expect([submitted.code, hint]).toEqual([
      0,
      `Follow it: npx drc watch ${id} --data-folder ${server.workplace.data}`,
    ]);
    const watched = await drc(["watch", id, ...serverOptions, "--json"]);
    expect(watched.code).toBe(0);
    const job = JSON.parse(watched.stdout);
    expect(job).toMatchObject({ id, state: "succeeded" });
    expect(job.result.images).toEqual(resultOf<EvaluateResult>("evaluateCompressed").images);
  });

  /** A training of the compression's images. */
  const training = (settings: object) =>
    JSON.stringify({
      kind: "train",
      spec: { network: { preset: "drn-tiny", scale: 2 }, dataset: done.body.dataset, settings },
    });

  it("watches a job that fails with exit code 1", async () => {
    const input = training({ learningRate: 1e10, finalLearningRate: 1e10, steps: 1000 });
    const submitted = await drc(["submit", "-", ...serverOptions, "--json"], { input });
    const { id } = JSON.parse(submitted.stdout);
    const watched = await drc(["watch", id, ...serverOptions, "--json"]);
    expect(watched.code).toBe(1);
    expect(watched.errors.at(-1)).toMatch(/^✗ train +TRAINING_DIVERGED: /);
    expect(JSON.parse(watched.stdout)).toMatchObject({ id, state: "failed", error: { code: "TRAINING_DIVERGED" } });
  });

  it("watches a job that is cancelled with exit code 3", async () => {
    const submitted = startDrc(["submit", "-", ...serverOptions, "--watch"], { input: training({ steps: 1_000_000 }) });
    const id = await submitted.line(/^job_/);
    await submitted.line(/train .* of 1000000/);
    await cancel(id);
    const { code, stdout, errors } = await submitted.ended;
    expect([code, stdout]).toEqual([3, `${id}\n${id} cancelled.`]);
    expect(errors.at(-1)).toMatch(/^✗ train +cancelled/);

    const [newId, hint] = (await drc(["retry", id, ...serverOptions])).stdout.split("\n");
    expect(newId).toMatch(/^job_\w+ queued\.$/);
    expect(newId).not.toContain(id);
    const [retry] = newId.split(" ");
    expect(hint).toBe(`Follow it: npx drc watch ${retry} --data-folder ${server.workplace.data}`);
    const running = await drc(["retry", retry, ...serverOptions]);
    expect(running).toMatchObject({ code: 1, stdout: "" });
    expect(running.errors).toEqual([expect.stringMatching(/^drc: The job .* cannot be retried\.$/)]);
    await cancel(retry);
    const again = JSON.parse((await drc(["retry", id, ...serverOptions, "--json"])).stdout);
    expect(again).toMatchObject({ kind: "train", retryOf: id, spec: { settings: { steps: 1_000_000 } } });
    await cancel(again.id);
  });

  it("says what a job would run, and pauses and resumes it", async () => {
    const input = training({ steps: 1_000_000 });
    const dry = await drc(["submit", "-", "--dry-run", ...serverOptions], { input });
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/^0 +train +cpu +1000000 /m);
    expect(dry.stdout).toMatch(/Nothing was submitted\.$/);
    const submitted = startDrc(["submit", "-", ...serverOptions, "--watch"], { input });
    const id = await submitted.line(/^job_/);
    await submitted.line(/train .* of 1000000/);
    expect((await drc(["pause", id, ...serverOptions])).stdout).toBe(`${id} pausing.`);
    await submitted.line(/train .*paused/);
    expect((await drc(["resume", id, ...serverOptions])).stdout).toBe(`${id} queued.`);
    await cancel(id);
    expect((await submitted.ended).code).toBe(3);
  });

  it("watches a compression whose training is cancelled: in words, and with the retry", async () => {
    const options = ["--steps", "1000000", "--watch"];
    const submitted = startDrc(["submit", ...serverOptions, ...small(), ...options]);
    const id = await submitted.line(/^cmp_/);
    await submitted.line(/train .* of 1000000/);
    const headers = { authorization: `Bearer ${await keyOf(server.workplace.data)}` };
    const { stages } = (await (await fetch(`${url}/v1/compressions/${id}`, { headers })).json()) as Compression;
    await cancel(stages.train);
    const { code, stdout, errors } = await submitted.ended;
    expect(code).toBe(3);
    const retryHint = `npx drc retry ${id} --data-folder ${server.workplace.data}`;
    expect(stdout.split("\n").slice(1)).toEqual([
      `The stage "train" was cancelled. What has succeeded is kept; to run the rest again: ${retryHint}`,
      `${id} cancelled.`,
    ]);
    const withIt = errors.filter((line) => line.startsWith("✗"));
    expect(withIt[1]).toMatch(/^✗ channel search +cancelled: train was cancelled$/);
    expect(withIt.join("\n")).not.toContain("job_");

    const stage = await drc(["retry", stages.train, ...serverOptions]);
    expect(stage).toMatchObject({ code: 2, stdout: "" });
    expect(stage.errors).toEqual([expect.stringMatching(new RegExp(`^drc: id: .* stage .*: ${retryHint}$`))]);
    const retried = await drc(["retry", id, ...serverOptions]);
    expect(retried).toMatchObject({ code: 0, stdout: expect.stringMatching(`^${id} running\\.\nFollow it: npx drc`) });
    const again = await drc(["retry", id, ...serverOptions]);
    expect(again).toMatchObject({ code: 1, errors: [expect.stringMatching(/^drc: Nothing of the compression/)] });
    const watched = startDrc(["watch", id, ...serverOptions, "--json"]);
    await watched.line(/train .* of 1000000/);
    expect((await drc(["cancel", id, ...serverOptions])).code).toBe(0);
    const ended: Compression = JSON.parse((await watched.ended).stdout);
    expect(ended.stages).toMatchObject({ evaluateBicubic: stages.evaluateBicubic });
    expect(ended.stages.train).not.toBe(stages.train);
  });

  it("is refused by the server with the pointer of the field", async () => {
    const patch = await drc(["submit", "-", ...serverOptions], { input: training({ patchSize: 33 }) });
    expect(patch).toMatchObject({ code: 1, stdout: "" });
    expect(patch.errors).toEqual([expect.stringMatching(/^drc: \/spec\/settings\/patchSize: .*33/)]);
  });
});

describe("a command that cannot work says why in one line", () => {
  const data = (name: string) => ["--data", at(name), "--evaluation", at("held-out"), "--scale", "2"];

  it.concurrent.each<[string, () => string[], RegExp]>([
    ["neither a body nor images", () => ["submit"], /^drc: file: give either/],
    [
      "both a body and images",
      () => ["submit", at("list.json"), ...data("train")],
      /^drc: file: .* named with --model/,
    ],
    ["no images to measure with", () => ["submit", "--data", at("train")], /^drc: --evaluation: give a folder/],
    ["a folder without images", () => ["submit", ...data("empty")], /^drc: --data: .*empty holds no images/],
    ["a body that is no object", () => ["submit", at("list.json")], /^drc: file: .*list\.json holds no JSON object/],
    [
      "options of a compression beside a body",
      () => ["submit", at("list.json"), "--remove", "0.3"],
      /^drc: --remove: it goes with --data; beside a JSON body/,
    ],
    [
      "what an evaluation holds that is not given",
      () => ["submit", "--data", at("train"), "--content", "pairs", "--evaluation-content", "hr"],
      /^drc: --evaluation-content: .* give both/,
    ],
    [
      "a preset beside a model",
      () => ["submit", ...data("train"), "--model", "mdl_1", "--preset", "drn-xs"],
      /^drc: --preset: .*--model/,
    ],
    [
      "training steps beside a model",
      () => ["submit", ...data("train"), "--model", "mdl_1", "--steps", "5"],
      /^drc: --steps: .*--fine-tune-steps/,
    ],
    [
      "an unknown preset, before a teacher is uploaded",
      () => ["submit", ...data("train"), "--preset", "drn-xl", "--teacher", at("list.json")],
      /^drc: --preset: "drn-xl"/,
    ],
    ["a preset without that scale", () => ["submit", ...data("train"), "--preset", "drn-l"], /^drc: --scale: drn-l/],
    [
      "the images of the training to measure with",
      () => ["submit", "--data", at("train"), "--evaluation", at("empty/../train")],
      /^drc: --evaluation: .*train is the folder of --data/,
    ],
    ["a folder to save a model in", () => ["download", "mdl_1", "--output", at("train")], /^drc: --output: .*a folder/],
    ["an identifier of another kind", () => ["watch", "mdl_1"], /^drc: id: "mdl_1" is no job/],
    ["a model to run again", () => ["retry", "mdl_1"], /^drc: id: "mdl_1" is no job/],
  ])("%s: exit code 2", async (_what, args, message) => {
    const ended = await drc([...args(), ...serverOptions]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.errors).toEqual([expect.stringMatching(message)]);
  });

  it.concurrent.each([
    [["--scale", "3"], /--scale.*'3'/],
    [["--remove", "1"], /--remove.*'1'/],
    [["--steps", "few"], /--steps.*'few'/],
  ])("%s: exit code 2", async (options, message) => {
    const ended = await drc(["submit", ...data("train"), ...options, ...serverOptions]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.errors[0]).toMatch(message);
  });

  it("a damaged image: exit code 1, and its name", async () => {
    const ended = await drc(["submit", ...serverOptions, ...data("broken"), "--preset", "drn-tiny"]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.errors.at(-1)).toMatch(
      /^drc: The dataset ".*broken" cannot be used\. 9\.png: (?!9\.png).* --skip-bad-files/,
    );
  });

  it("a damaged image that may be left out, and a text: both are named", async () => {
    await writeFile(at("broken/notes.txt"), "Taken in June.");
    const options = ["--skip-bad-files", "--preset", "drn-tiny", "--steps", "1", "--fine-tune-steps", "1"];
    const ended = await drc(["submit", ...serverOptions, ...data("broken"), ...options, "--json"]);
    expect(ended.code).toBe(0);
    expect(ended.errors).toContain(`${at("broken")}: left out, as no images: notes.txt`);
    expect(ended.errors.join("\n")).toMatch(/broken: left out: 9\.png: (?!9\.png)/);
  });

  it("a model that is not there: exit code 1, and no file", async () => {
    const output = at("nothing.safetensors");
    const ended = await drc(["download", "mdl_none", ...serverOptions, "--output", output]);
    expect([ended.code, ended.errors.length]).toEqual([1, 1]);
    expect(ended.errors[0]).toContain("mdl_none");
    await expect(stat(output)).rejects.toThrow("ENOENT");
  });

  it("no server: exit code 2 without an address, 1 where nobody answers or the key is wrong", async () => {
    const none = await drc(["models", "--data-folder", at("empty")]);
    expect(none).toMatchObject({ code: 2, errors: [expect.stringMatching(/^drc: --data-folder: no server/)] });
    const keyless = await drc(["models", "--url", url]);
    expect(keyless).toMatchObject({ code: 2, errors: [expect.stringMatching(/^drc: --key: /)] });
    const stranger = await drc(["models", "--url", url, "--key", "drc_wrong"]);
    expect(stranger).toMatchObject({ code: 1, errors: [expect.stringMatching(/API key.*connection\.json/)] });
    const closed = `http://127.0.0.1:${await closedPort()}`;
    const silent = await drc(["models", "--url", closed, "--key", "drc_any"]);
    expect(silent).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(`^drc: ${closed} does not answer.*Start a server with "npx drc up"`)],
    });
  });
});

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
