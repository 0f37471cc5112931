/** What somebody does with the dashboard, from the sign-in to a sweep's curve: one story, with real jobs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CompressionDetailResource } from "@drc/contracts";
import { encodePng } from "@drc/imaging";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photograph, photographs } from "../../../test/photographs.ts";
import { type Receiver, startReceiver } from "../../../test/receiver.ts";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";
import {
  chooseImage,
  chooseRecord,
  compare,
  createDataset,
  openSettings,
  uploadFolder,
  writeFolder,
} from "./support/steps.ts";

const WORK = {
  network: { blocks: 1, features: 8, scale: 2 },
  train: { steps: 60, batchSize: 2, patchSize: 12 },
  fineTune: { steps: 30, batchSize: 2, patchSize: 12 },
} as const;
/** Of jobs on a busy machine. */
const LONG = { timeout: 240_000 };
const LONG_TEST_MS = 600_000;

const dashboard = useDashboard({ onePage: true });
let receiver: Receiver;
let receiverWorks = false;
let folder: string;
let models: CompressionDetailResource["models"];
/** Of all requests, from before the sign-in on. */
const addresses: string[] = [];
let dataset: { datasetId: string; version: number };
beforeAll(async () => {
  await dashboard.server.startWorker("none:1,cpu:2");
  receiver = await startReceiver(() => ({ status: receiverWorks ? 204 : 500, body: receiverWorks ? "" : "not today" }));
  await dashboard.server.client.webhooks.create({ url: receiver.url, events: ["job.failed"] });
  folder = await mkdtemp(join(tmpdir(), "drc-story-test-"));
  await writeFolder(folder, Object.fromEntries((await photographs(5)).map(({ name, bytes }) => [name, bytes])));
});
afterAll(async () => {
  await receiver?.stop();
  await rm(folder, { recursive: true, force: true });
});

it(
  "begins with the sign-in, and a folder of images",
  async () => {
    const { page, context } = dashboard.open;
    context.on("request", (request) => addresses.push(request.url()));
    await signIn(page, dashboard.server.key);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.getByRole("link", { name: "Datasets" }).click();
    const datasetId = await createDataset(page, "photographs");
    await uploadFolder(page, folder, 5);
    await page.getByLabel("Scale").selectOption({ label: "×2" });
    await page.getByRole("button", { name: "Make a version" }).click();
    const images = page.getByRole("region", { name: "Images of version 1" }).locator("img");
    await images.first().waitFor(LONG);
    expect(await images.count()).toBe(5);
    dataset = { datasetId, version: 1 };
  },
  LONG_TEST_MS,
);

it(
  "submits a compression, follows it live to its end, and reads what it cost",
  async () => {
    const { page } = dashboard.open;
    await page.getByRole("link", { name: "Submit" }).click();
    await page.getByText("A new network", { exact: true }).click();
    await page.getByRole("combobox", { name: "Network", exact: true }).selectOption("blocks and features");
    await page.getByRole("textbox", { name: "Blocks" }).fill(String(WORK.network.blocks));
    await page.getByRole("textbox", { name: "Features" }).fill(String(WORK.network.features));
    await page.getByRole("combobox", { name: "Scale" }).selectOption({ label: String(WORK.network.scale) });
    await chooseRecord(page, "Dataset", dataset.datasetId);
    await chooseRecord(page, "Evaluation dataset", dataset.datasetId);
    await page.getByRole("textbox", { name: "Share to remove" }).fill("0.4");
    for (const [title, settings] of [
      ["Training", WORK.train],
      ["Fine-tuning", WORK.fineTune],
    ] as const) {
      const group = await openSettings(page, title);
      await group.getByLabel("Steps", { exact: true }).fill(String(settings.steps));
      await group.getByLabel("Batch size", { exact: true }).fill(String(settings.batchSize));
      await group.getByLabel("Patch size (LR pixels)").fill(String(settings.patchSize));
    }
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("half of a small network");
    await page
      .getByRole("region", { name: "Estimate" })
      .getByText(/^\d+ jobs/)
      .waitFor();
    await page.getByRole("button", { name: "Submit" }).click();
    await page.waitForURL(/\/compressions\/cmp_/);
    await page.getByRole("heading", { level: 1, name: /running$/ }).waitFor();
    await page.getByRole("heading", { level: 1, name: /succeeded$/ }).waitFor(LONG);
    const rows = page.getByRole("region", { name: "Before and after" }).getByRole("row");
    await rows
      .filter({ hasText: "compressed" })
      .getByText(/\d\d\.\d\d dB/)
      .waitFor();
    // After so few steps interpolation is better, and the page says so.
    await page.getByText(/is \d+\.\d\d dB worse than bicubic interpolation: train longer/).waitFor();
    const compression = await dashboard.server.client.compressions.get(page.url().split("/").at(-1) ?? "");
    expect(compression.name).toBe("half of a small network");
    expect(compression.body).toMatchObject({ ...WORK, dataset, evaluation: { dataset }, budget: { remove: 0.4 } });
    ({ models } = compression);
  },
  LONG_TEST_MS,
);

it(
  "compares its two networks on an image of one's own",
  async () => {
    const { page } = dashboard.open;
    await page.getByRole("main").getByRole("link", { name: "Compare" }).click();
    for (const [name, model] of [
      ["Original", models.original],
      ["Compressed", models.compressed],
    ] as const) {
      await expect
        .poll(() => page.getByRole("combobox", { name, exact: true }).inputValue())
        .toContain(`…${model?.slice(-5)}`);
    }
    await chooseImage(page, "my photo.png", await encodePng(photograph(9, 96, 64)));
    await compare(page, dashboard.server);
    await page.getByRole("slider").waitFor();
    await page.getByText("96×64 pixels").waitFor();
  },
  LONG_TEST_MS,
);

it("cancels another compression", async () => {
  const { page } = dashboard.open;
  const { id } = await dashboard.server.client.compressions.create({
    ...WORK,
    name: "too long",
    dataset,
    train: { ...WORK.train, steps: 100_000 },
    budget: { of: "parameters", remove: 0.4 },
  });
  await page.goto(`/compressions/${id}`);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel the compression" }).click();
  await page.getByRole("heading", { level: 1, name: /cancelled$/ }).waitFor(LONG);
});

it("sees a job fail, with its reason", async () => {
  const { page } = dashboard.open;
  const settings = { steps: 400, batchSize: 2, patchSize: 12, learningRate: 1e9 };
  const spec = { network: WORK.network, dataset, settings };
  const { id } = await dashboard.server.client.jobs.create({ kind: "train", name: "diverges", spec });
  expect((await dashboard.server.client.jobs.wait(id)).state).toBe("failed");
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("link", { name: "diverges" }).click();
  await page.getByRole("alert").getByText("The training diverged").waitFor();
});

it("delivers again what a receiver refused", async () => {
  const { page } = dashboard.open;
  await page.getByRole("link", { name: "Webhooks" }).click();
  await page.getByRole("link", { name: receiver.url }).click();
  await page.getByRole("row").filter({ hasText: "job.failed" }).getByRole("link").click();
  await page.getByText("not today").first().waitFor();
  receiverWorks = true;
  const before = receiver.received.length;
  await page.getByRole("button", { name: "Redeliver" }).click();
  await page.getByText("delivered").waitFor();
  expect(receiver.received.length).toBeGreaterThan(before);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
});

it(
  "reads the curve of a sweep while it grows",
  async () => {
    const { page, faults } = dashboard.open;
    const { client } = dashboard.server;
    const sweep = await client.sweeps.create({
      ...WORK,
      name: "how small",
      dataset,
      evaluation: { dataset, pruned: false },
      grid: {
        budgets: [0.3, 0.5].map((remove) => ({ of: "parameters", remove })),
        methods: ["l1"],
        seeds: [1, 2],
      },
    });
    await page.getByRole("link", { name: "Sweeps" }).click();
    await page.getByRole("link", { name: "how small" }).click();
    const marks = page.locator(".point-link");
    await marks.first().waitFor(LONG);
    await page.getByRole("heading", { level: 1, name: /succeeded$/ }).waitFor(LONG);
    await expect.poll(() => marks.count()).toBe(4);
    const { points, bicubic } = await client.sweeps.get(sweep.id);
    const psnr = points[0].quality.compressed?.psnr?.toFixed(2);
    const name = `l1, 30 % of parameters removed, seed 1: ${psnr} dB`;
    await page.getByRole("link", { name }).waitFor();
    await page
      .getByText(new RegExp(`^bicubic ${bicubic?.psnr?.toFixed(2)} dB`))
      .first()
      .waitFor();
    await page.getByRole("link", { name }).press("Enter");
    await page.waitForURL(`**/jobs/${points[0].stages.fineTune}`);
    expect(faults).toEqual([]);
  },
  LONG_TEST_MS,
);

it("put the key into no address of a request", () => {
  expect(addresses.length).toBeGreaterThan(100);
  expect(addresses.filter((address) => address.includes(dashboard.server.key))).toEqual([]);
});
