/** Networks in the dashboard: uploads; of a compressed one lineage, widths before and after, quality, downloads. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PruneResult } from "@drc/contracts";
import { encodePng } from "@drc/imaging";
import { createModel, encodeModel } from "@drc/network";
import { beforeAll, expect, it } from "vitest";
import { photograph } from "../../../test/photographs.ts";
import { violationsOf } from "./support/axe.ts";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";

const dashboard = useDashboard();
let base: string;
let compressed: string;
let dataset: { datasetId: string; version: number };

beforeAll(async () => {
  await dashboard.server.startWorker();
  const { client } = dashboard.server;
  const { id: datasetId } = await client.datasets.create({ name: "photographs" });
  const files = [1, 2].map(async (seed) => ({ name: `${seed}.png`, data: await encodePng(photograph(seed, 96, 96)) }));
  await client.datasets.upload(datasetId, await Promise.all(files));
  const { version } = await client.datasets.createVersion(datasetId, { scale: 4 });
  await client.datasets.waitForVersion({ datasetId, version });
  dataset = { datasetId, version };
  const data = new Uint8Array(encodeModel(createModel({ scale: 4, blocks: 1, features: 8, seed: 1 })));
  ({ id: base } = await client.models.upload({ name: "base", data }, { name: "base <b>network</b>" }));
  const search = await client.jobs.create({
    kind: "channel-search",
    spec: { model: { modelId: base }, dataset, budget: { of: "parameters", remove: 0.3 }, method: "uniform" },
  });
  const prune = await client.jobs.create({
    kind: "prune",
    spec: { model: { modelId: base }, plan: { fromJob: search.id }, dataset, importance: { method: "l1" } },
  });
  const { result, error } = await client.jobs.wait(prune.id);
  if (error) throw new Error(error.detail);
  compressed = (result as unknown as PruneResult).modelId;
  const model = { modelId: compressed };
  const evaluation = await client.jobs.create({ kind: "evaluate", spec: { model, dataset } });
  await client.jobs.wait(evaluation.id);
}, 300_000);

it("shows where a model comes from, what is left of its widths, and its files", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/models");
  await page.getByRole("link", { name: "base <b>network</b>" }).waitFor();
  expect(await violationsOf(page, "models")).toEqual([]);
  const search = page.getByLabel("Name or identifier");
  await search.fill("BASE");
  await search.press("Enter");
  const rows = page.getByRole("region", { name: "Models" }).locator("tbody tr");
  await expect.poll(() => rows.count()).toBe(1);
  expect(new URL(page.url()).search).toBe("?search=BASE");
  await search.fill("nothing like it");
  await search.press("Enter");
  await page.getByText("No model is as the filter says.").waitFor();
  // What the network before was cannot be read just now: that is told, and asked for again.
  const cardBefore = `**/v1/models/${base}/card*`;
  await page.route(cardBefore, (route) => route.fulfill({ status: 500 }), { times: 1 });
  await page.goto(`/models/${compressed}`);
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  const lineage = page.getByRole("group", { name: "Lineage of the model" });
  await lineage.getByText("base <b>network</b>").waitFor();
  for (const kind of ["channel-search", "prune"]) await lineage.getByText(kind, { exact: true }).waitFor();
  await page.getByText(/channels are left \(\d/).waitFor();
  await page.getByText("As a table").click();
  const quality = page.getByRole("region", { name: "Quality", exact: true });
  expect(await quality.textContent()).toMatch(/\d dB.*\d ms/);
  await page.getByRole("definition").getByText(compressed, { exact: true }).waitFor();
  await quality.getByRole("link", { name: "photographs" }).waitFor();
  await page.evaluate("scrollTo(0, 0)");
  expect(await violationsOf(page, "model")).toEqual([]);

  for (const [name, magic] of [
    ["safetensors", ".safetensors"],
    ["ONNX", ".onnx"],
    ["TensorFlow.js", ".zip"],
    ["Model card", ".md"],
  ]) {
    const arriving = page.waitForEvent("download", { timeout: 60_000 });
    await page.getByRole("link", { name, exact: true }).click();
    const download = await arriving;
    expect(download.suggestedFilename()).toContain(magic);
    expect(await download.failure()).toBeNull();
  }

  // The comparison begins with the network before and this one.
  await page.getByRole("link", { name: "Compare" }).last().click();
  await page.getByRole("heading", { level: 1, name: "Compare" }).waitFor();
  for (const [menu, id] of [
    ["Original", base],
    ["Compressed", compressed],
  ]) {
    const field = page.getByRole("combobox", { name: menu, exact: true });
    await expect.poll(() => field.inputValue()).toContain(`…${id.slice(-5)}`);
  }
  await page.goto(`/models/${base}`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Models" }).waitFor();
  await expect(dashboard.server.client.models.get(base)).rejects.toMatchObject({ status: 404 });
  expect(faults).toEqual([]);
});

it("deletes models that are chosen, and says which of them jobs still need", async () => {
  const { page, faults } = dashboard.open;
  const { client } = dashboard.server;
  const ids: string[] = [];
  for (const seed of [2, 3, 4]) {
    const data = new Uint8Array(encodeModel(createModel({ scale: 4, blocks: 1, features: 8, seed })));
    ids.push((await client.models.upload({ name: "spare", data }, { name: `spare ${seed}` })).id);
  }
  const { id: needing } = await client.jobs.create({
    kind: "evaluate",
    device: "gpu",
    spec: { model: { modelId: ids[2] }, dataset },
  });
  await signIn(page, dashboard.server.key, "/models?search=spare");
  for (const seed of [2, 3, 4]) await page.getByRole("checkbox", { name: `Choose spare ${seed}` }).check();
  await page.getByRole("button", { name: "Delete 3 models" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("spare 3").waitFor();
  await dialog.getByRole("button", { name: "Delete 3 models" }).click();
  await dialog.getByRole("alert").getByText(needing).waitFor();
  await dialog.getByRole("button", { name: "Leave it" }).click();
  await expect.poll(() => page.getByRole("checkbox").count()).toBe(1);
  const left = [];
  for await (const { id } of client.models.list({ search: "spare" })) left.push(id);
  expect(left).toEqual([ids[2]]);
  await client.jobs.cancel(needing);
  expect(faults).toEqual([]);
});

it("takes a network that was trained elsewhere, and leads from it to its compression", async () => {
  const { page, faults } = dashboard.open;
  const file = (name: string, buffer: Buffer) => ({ name, mimeType: "application/octet-stream", buffer });
  const network = Buffer.from(encodeModel(createModel({ scale: 2, blocks: 1, features: 8, seed: 9 })));
  await signIn(page, dashboard.server.key, "/submit");
  await page.getByRole("link", { name: "upload it" }).click();
  const input = page.getByLabel("Network to upload");
  await input.setInputFiles(file("broken.safetensors", network.subarray(0, 1000)));
  await page
    .getByRole("alert")
    .getByText(/safetensors/)
    .first()
    .waitFor();
  expect(await violationsOf(page, "states/model-refused")).toEqual([]);
  await input.setInputFiles(file("my network.safetensors", network));
  await page.getByRole("heading", { level: 1, name: "my network" }).waitFor();
  await page.getByRole("link", { name: "Compress", exact: true }).click();
  const field = page.getByRole("combobox", { name: "Model", exact: true });
  await expect.poll(() => field.inputValue()).toContain("my network · ×2");
  expect(faults).toEqual([]);
});

it("takes a network that is dropped, one that goes to the store in parts too", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/models");
  const large = createModel({ preset: "drn-l", scale: 4, seed: 1 });
  const bytes = Buffer.from(encodeModel(large));
  expect(bytes.length).toBeGreaterThan(16_000_000);
  const folder = await mkdtemp(join(tmpdir(), "drc-model-"));
  const path = join(folder, "large.safetensors");
  await writeFile(path, bytes);
  await page.getByLabel("Network to upload").setInputFiles(path);
  await page.getByText(/^Sending large\.safetensors/).waitFor();
  await page.getByRole("heading", { level: 1, name: "large" }).waitFor({ timeout: 60_000 });
  const name = "dropped.safetensors";
  await page.goto("/models");
  await page.locator(".drop-zone").waitFor();
  const network = encodeModel(createModel({ scale: 2, blocks: 1, features: 8, seed: 5 }));
  await page.evaluate(`{
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob("${Buffer.from(network).toString("base64")}"), (one) => one.charCodeAt(0));
    transfer.items.add(new File([bytes], "${name}"));
    document.querySelector(".drop-zone").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
  }`);
  await page.getByRole("heading", { level: 1, name: "dropped" }).waitFor();
  await rm(folder, { recursive: true });
  expect(faults).toEqual([]);
});
