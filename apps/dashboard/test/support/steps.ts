/** What more than one test does through the pages. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { EvaluateResult } from "@drc/contracts";
import { encodePng } from "@drc/imaging";
import { createModel, encodeModel } from "@drc/network";
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { photograph } from "../../../../test/photographs.ts";
import type { DashboardServer } from "./server.ts";

/** Of a job on a busy machine. */
const LONG = { timeout: 240_000 };

/** Files by their paths in the folder, which is made. */
export async function writeFolder(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/** On the page of datasets; ends on the page of the new one. @returns its identifier */
export async function createDataset(page: Page, name: string): Promise<string> {
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  return page.url().split("/").at(-1) ?? "";
}

/** On the page of a dataset: a folder with that many files, until all are stored. */
export async function uploadFolder(page: Page, folder: string, files: number): Promise<void> {
  await page.getByLabel("Folder to upload").setInputFiles(folder);
  await page.getByText(`${files} of ${files} files stored`).waitFor();
}

/** Takes a record of the server from a menu that is searched: the newest alone are in it at once. */
export async function chooseRecord(page: Page, label: string, id: string): Promise<void> {
  await page.getByRole("combobox", { name: label, exact: true }).fill(id);
  await page
    .getByRole("option")
    .filter({ hasText: `…${id.slice(-5)}` })
    .click();
}

/** On the page of a submission: settings that are folded, opened. */
export async function openSettings(page: Page, title: string): Promise<Locator> {
  const summary = page.locator("summary", { hasText: new RegExp(`^${title}$`) });
  await summary.click();
  return page.locator("details").filter({ has: summary });
}

/** On the page of a comparison whose networks are filled in. */
export async function chooseImage(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.locator('input[type="file"]').setInputFiles({ name, mimeType: "image/png", buffer });
}

/** The evaluations that a comparison shows: of the original, the compressed network and bicubic interpolation. */
export function comparedJobs(page: Page): string[] {
  const address = new URL(page.url()).searchParams;
  return ["original", "compressed", "bicubic"].map((role) => address.get(role) ?? "");
}

/** Compares, and checks what the page says against what the evaluations measured. @returns the numbers */
export async function compare(page: Page, { client }: DashboardServer): Promise<Locator> {
  await page.getByRole("button", { name: "Compare" }).click();
  const numbers = page.getByRole("region", { name: "In numbers" });
  await numbers.waitFor(LONG);
  const results = await Promise.all(comparedJobs(page).map((id) => client.jobs.get(id)));
  for (const [i, role] of ["Original", "Compressed", "Bicubic"].entries()) {
    const { images, latencyHr1280x720 } = results[i].result as unknown as EvaluateResult;
    const row = numbers.getByRole("row").filter({ hasText: role });
    expect(await row.textContent()).toContain(`${images[0].psnr?.toFixed(2)} dB`);
    expect(await row.textContent()).toMatch(latencyHr1280x720 ? /\d ms/ : /–/);
  }
  return numbers;
}

/** What forms of a submission are filled in with: a dataset with a version of three images at ×4, and a model "base". */
export async function submissionInputs(server: DashboardServer, datasetName: string) {
  await server.startWorker("none:1");
  const { client } = server;
  const { id: datasetId } = await client.datasets.create({ name: datasetName });
  const files = [1, 2, 3].map(async (seed) => ({
    name: `${seed}.png`,
    data: await encodePng(photograph(seed, 128, 128)),
  }));
  await client.datasets.upload(datasetId, await Promise.all(files));
  const { version } = await client.datasets.createVersion(datasetId, { scale: 4 });
  await client.datasets.waitForVersion({ datasetId, version });
  const data = new Uint8Array(encodeModel(createModel({ scale: 4, blocks: 1, features: 8, seed: 1 })));
  const { id: modelId } = await client.models.upload({ name: "base", data }, { name: "base" });
  return { datasetId, modelId };
}
