/** `drc sweep` on a server of this file: a quiet run, and one whose command and server are killed. */
import { readFile, writeFile } from "node:fs/promises";
import type { ModelResource, SweepDetailResource, SweepSummaryResource } from "@drc/contracts";
import { DrcClient } from "@drc/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serverAt } from "../src/server/server-answers.ts";
import { drc, type Ended, type RunningDrc, startDrc } from "./support/drc.ts";
import { pictureFolder } from "./support/pictures.ts";
import {
  addressOf,
  keyOf,
  makeWorkplace,
  startServer,
  startUp,
  type TestServer,
  untilNoProcessIn,
} from "./support/server.ts";

type Outcome = SweepDetailResource & { summary: SweepSummaryResource };

let server: TestServer;
let up: RunningDrc;
let at: (name: string) => string;
let options: string[];

beforeAll(async () => {
  server = await startServer();
  ({ at, up, options } = server);
  await pictureFolder(at("train"), [1, 2, 3, 4]);
  await pictureFolder(at("held-out"), [5, 6]);
  await writeFile(at("ratios.yaml"), RATIOS);
  await addressOf(up);
});
afterAll(() => server.stop());

/** Of 18 jobs, each in a process of its own. */
const LONG_MS = 400_000;

const RATIOS = `
name: ratios
labels: [nightly]
dataset: {folder: train}
evaluation: {dataset: {folder: held-out}}
network: {preset: drn-xs, scale: 2}
train: {steps: 60, batchSize: 2, patchSize: 12, checkpointEverySteps: 5}
fineTune: {steps: 20, batchSize: 2, patchSize: 12, checkpointEverySteps: 5}
grid:
  budgets: [{of: parameters, remove: 0.2}, {of: parameters, remove: 0.4}, {of: multiplyAdds, remove: 0.6}]
  methods: [l1]
  seeds: [3]
`;

async function client(): Promise<DrcClient> {
  return new DrcClient({ url: await addressOf(up), key: await keyOf(server.workplace.data) });
}

const wait = (...more: string[]) => ["sweep", at("ratios.yaml"), ...options, "--wait", "--json", ...more];

/** What must be the same, however often something was killed. */
async function bitsOf({ points }: SweepDetailResource): Promise<unknown[]> {
  const { models } = await client();
  return Promise.all(
    points.map(async ({ modelId, quality, removed, cost }) => ({
      sha256: (await models.get(modelId ?? "")).sha256,
      quality,
      removed,
      parameters: cost?.parameters,
    })),
  );
}

function outcomeOf(ended: Ended): Outcome {
  expect(ended.errors.join("\n")).not.toContain("drc:");
  return JSON.parse(ended.stdout.split("\n").at(-1) ?? "");
}

describe("a sweep of a file", () => {
  let quiet: Outcome;

  it(
    "is followed to its end, with what each budget removes, costs and leaves of the quality",
    async () => {
      const ended = await drc(wait("--csv", at("summary.csv")));
      quiet = outcomeOf(ended);
      expect(ended.code).toBe(0);
      expect(ended.errors.join("\n")).toMatch(/▸ for 3 points +train/);
      expect(ended.errors.join("\n")).toMatch(/✓ multiply-adds −60\.0 % {2}l1 {2}seed 3 +\d+\.\d\d dB/);
      expect(quiet).toMatchObject({ name: "ratios", state: "succeeded", pointStates: { succeeded: 3 } });
      expect(quiet.labels).toEqual(["nightly", expect.stringMatching(/^file=[0-9a-f]{32}$/)]);
      for (const { budget, removed, quality, cost } of quiet.points) {
        expect(removed).toMatchObject({ asked: budget.remove, met: true });
        expect(Math.abs((removed?.achieved ?? 0) - budget.remove)).toBeLessThan(0.02);
        expect(quality.compressed?.psnr).toBeGreaterThan(10);
        expect(quality.pruned?.psnr).toBeGreaterThan(5);
        expect(cost?.latency?.percentile90Ms).toBeGreaterThanOrEqual(cost?.latency?.medianMs ?? Infinity);
      }
      const names = [0.2, 0.4, 0.6].map((remove, i) => {
        const of = i < 2 ? "parameters" : "multiply-adds";
        return `ratios: drn-xs ×2, ${100 * remove} % of the ${of} removed, l1, seed 3`;
      });
      expect(quiet.summary.rows.flatMap(({ models }) => models)).toEqual(
        quiet.points.map(({ seed, modelId }, i) => ({ seed, modelId, name: names[i] })),
      );
      const listed = JSON.parse((await drc(["models", ...options, "--json"])).stdout).models as ModelResource[];
      expect(new Set(listed.map(({ name }) => name)).size).toBe(listed.length);
      expect(listed.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["ratios: drn-xs ×2", "ratios: drn-xs ×2, last step", ...names]),
      );
      expect((await (await client()).models.card(quiet.points[1].modelId ?? "")).name).toBe(names[1]);
      const rows = (await readFile(at("summary.csv"), "utf8")).trim().split("\r\n");
      expect(rows).toHaveLength(4);
      expect(rows[1]).toMatch(/^parameters,0\.2,,l1,1,0,/);
    },
    LONG_MS,
  );

  it("says which server it uses, of which data folder", async () => {
    const { errors, stdout } = await drc(["sweep", at("ratios.yaml"), ...options, "--dry-run"]);
    expect(stdout).toMatch(/No sweep was submitted\. The images and models that the file names were uploaded: .*\.$/);
    expect(errors).toContain(`Server: ${await addressOf(up)}, data folder ${server.workplace.data}`);
  });

  it("says that it starts one where none runs, though one does elsewhere", async () => {
    expect(await serverAt(await addressOf(up))).toBe(await addressOf(up));
    expect(await serverAt("http://127.0.0.1:9")).toBeUndefined();
    const own = await makeWorkplace();
    try {
      const sweep = startDrc(["sweep", at("ratios.yaml"), "--data-folder", own.data, "--wait"], { cwd: own.data });
      await sweep.line(new RegExp(`^No server runs in the data folder ${own.data}: one does until this ends`));
      await sweep.line(/^swp_/);
      sweep.kill("SIGINT");
      expect((await sweep.ended).code).toBe(130);
    } finally {
      await untilNoProcessIn(own.data);
      await own.remove();
    }
  }, 120_000);

  it("removes the more the larger the budget is: field case 32", () => {
    const { original, points } = quiet;
    const costs = [original.cost, ...points.map(({ cost }) => cost)];
    for (const name of ["parameters", "multiplyAddsLr96x96", "sizeBytes"] as const) {
      const values = costs.map((cost) => cost?.[name] as number);
      expect(values.toSorted((a, b) => b - a)).toEqual(values);
      expect(new Set(values).size).toBe(values.length);
    }
  });

  it("is the same sweep when the command is given again, with nothing uploaded or run", async () => {
    const drcClient = await client();
    const before = await drcClient.jobs.list({}).next();
    const again = outcomeOf(await drc(wait()));
    expect(again.id).toBe(quiet.id);
    expect(again.summary).toEqual(quiet.summary);
    expect((await drcClient.jobs.list({}).next()).value?.id).toBe(before.value?.id);
  });

  it(
    "goes on after SIGKILL of the command and of the server, to the same bits",
    async () => {
      const first = startDrc(wait("--again"));
      await first.line(/▸ for 3 points/);
      first.kill("SIGKILL");
      await first.ended;

      const second = startDrc(wait());
      const line = await second.line(/^swp_\w+ is this file's sweep already/);
      await second.line(/✓ parameters −20/);
      up.kill("SIGKILL");
      await up.ended;
      await untilNoProcessIn(server.workplace.data);
      await second.line(/^The server does not answer/);
      up = startUp(server.workplace.data);
      await addressOf(up);
      const outcome = outcomeOf(await second.ended);
      expect(line).toContain(outcome.id);
      expect(outcome.id).not.toBe(quiet.id);
      expect(outcome).toMatchObject({ state: "succeeded", pointStates: { succeeded: 3 } });
      expect(await bitsOf(outcome)).toEqual(await bitsOf(quiet));
      expect(outcome.jobs).toEqual(quiet.jobs);
      server.up = up;
    },
    LONG_MS,
  );
});

describe("a sweep that does not succeed", () => {
  const SMALL = RATIOS.replace(/train: .*/, "train: {steps: 2, batchSize: 1, patchSize: 12}").replace(
    /budgets: .*/,
    "budgets: [{of: parameters, remove: 0.4}]",
  );

  it(
    "ends with 1 where a point failed, and leaves the others alone",
    async () => {
      const wild = SMALL.replace(
        /fineTune: .*/,
        "fineTune: {steps: 20, batchSize: 1, patchSize: 12, learningRate: 1e12}",
      );
      await writeFile(at("wild.yaml"), wild.replace("[l1]", "[l1, from-scratch]"));
      const { code, stdout, errors } = await drc(["sweep", at("wild.yaml"), ...options, "--wait", "--json"]);
      expect(code).toBe(1);
      const outcome = JSON.parse(stdout) as Outcome;
      expect(outcome).toMatchObject({ state: "failed", pointStates: { failed: 1, succeeded: 1 } });
      expect(outcome.points[0].error?.code).toBe("TRAINING_DIVERGED");
      expect(errors.join("\n")).toMatch(/✗ parameters −40\.0 % {2}l1 .*TRAINING_DIVERGED/);
      expect(outcome.summary.rows.map(({ seeds, others }) => [seeds, others])).toEqual([
        [0, 1],
        [1, 0],
      ]);
    },
    LONG_MS,
  );

  it(
    "ends with 3 where it is cancelled",
    async () => {
      await writeFile(at("long.yaml"), SMALL.replace("steps: 2,", "steps: 100000,"));
      const waiting = startDrc(["sweep", at("long.yaml"), ...options, "--wait"]);
      const id = await waiting.line(/^swp_/);
      await waiting.line(/^▸ /);
      const watching = startDrc(["watch", id, ...options]);
      await watching.line(/^▸ /);
      watching.kill("SIGINT");
      const left = await watching.ended;
      expect(left.code).toBe(130);
      expect(left.errors.join("\n")).toMatch(new RegExp(`${id} goes on at the server\\.[^]*npx drc cancel ${id}`));

      expect((await drc(["pause", id, ...options])).code).toBe(0);
      await waiting.line(new RegExp(`^${id} is paused: it does not go on until npx drc resume ${id}`));
      const known = async () => (await drc(["sweep", at("long.yaml"), ...options])).errors.join("\n");
      expect(await known()).toMatch(/already, and is paused: it does not go on until npx drc resume swp_/);
      expect((await drc(["cancel", id, ...options])).code).toBe(0);
      await waiting.ended;
      expect(await known()).toMatch(/already, and was cancelled: nothing runs\..*npx drc retry swp_.*--again/);
      const { code, stdout } = await waiting.ended;
      expect(code).toBe(3);
      expect(stdout).toContain(`${id} cancelled.`);

      const listed = (await drc(["sweeps", "--state", "cancelled", "--label", "nightly", ...options])).stdout;
      expect(listed).toMatch(new RegExp(`^${id} +cancelled +1 +\\d+ of \\d+ .* ratios +nightly, file=`, "m"));
      const deleted = await drc(["delete", id, "--models", ...options]);
      expect(deleted).toMatchObject({ code: 0, stdout: `${id} deleted.` });
      const { sweeps } = JSON.parse((await drc(["sweeps", ...options, "--json"])).stdout);
      expect(sweeps.map((sweep: { id: string }) => sweep.id)).not.toContain(id);
    },
    LONG_MS,
  );
});

describe("a file that is not right", () => {
  const refusal = async (content: string) => {
    await writeFile(at("wrong.yaml"), content);
    return drc(["sweep", at("wrong.yaml"), ...options]);
  };

  it("is refused with the line and the path of each field, before anything is sent", async () => {
    const wrong = RATIOS.replace("remove: 0.4", "remove: 1.4").replace("[l1]", "[l1, l2]").replace("name:", "nmae:");
    const { code, errors } = await refusal(wrong);
    expect(code).toBe(2);
    expect(errors).toEqual([
      expect.stringMatching(/wrong\.yaml:10: grid\.budgets\[1\]\.remove: 1\.4 is not usable/),
      expect.stringMatching(/wrong\.yaml:11: grid\.methods\[1\]: "l2" is not "drc"/),
      expect.stringMatching(/wrong\.yaml:2: nmae: This field is unknown here/),
    ]);
  });

  it.each([
    ["name: [", /wrong\.yaml:1: this is neither YAML nor JSON/],
    ["- 1", /it holds no fields/],
    [RATIOS.replace("folder: train", "folder: nowhere"), /dataset: .*nowhere/],
    [RATIOS.replace("seeds: [3]", "seeds: [3, 3]"), /wrong\.yaml:12: grid\.seeds\[1\]: "3" stands at position 0/],
  ])("is refused: %#", async (content, message) => {
    const { code, errors } = await refusal(content);
    expect(code).toBe(2);
    expect(errors.join("\n")).toMatch(message);
  });

  it("is read from standard input as JSON, and needs a server or --wait", async () => {
    const input = JSON.stringify({ dataset: { folder: at("train") } });
    const { code, errors } = await drc(["sweep", "-", ...options], { input });
    expect(code).toBe(2);
    expect(errors.join("\n")).toMatch(/standard input: grid: This field is required/);
    const none = await drc(["sweep", at("ratios.yaml"), "--data-folder", at("no-server")]);
    expect(none).toMatchObject({ code: 2 });
    expect(none.errors.join("\n")).toMatch(/no server was started in/);
  });

  it("shows with --dry-run what the server would run", async () => {
    const { code, stdout } = await drc(["sweep", at("ratios.yaml"), ...options, "--dry-run", "--json"]);
    expect(code).toBe(0);
    const { jobs } = JSON.parse(stdout);
    expect(jobs).toHaveLength(18);
  });
});
