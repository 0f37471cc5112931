/** Datasets in the dashboard: dropped folders, uploads that go on, reports of bad files, thumbnails, usage. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { violationsOf } from "./support/axe.ts";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";
import { createDataset, uploadFolder, writeFolder } from "./support/steps.ts";

const dashboard = useDashboard();
let folder: string;

beforeAll(async () => {
  await dashboard.server.startWorker("none:1");
  folder = await mkdtemp(join(tmpdir(), "drc-datasets-test-"));
  await writeFolder(join(folder, "train"), {
    ...Object.fromEntries((await photographs(3, 97, 64)).map(({ name, bytes }) => [name, bytes])),
    "<img src=x onerror=alert(1)>.png": "<html></html>",
  });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it("takes a folder, says of each file that is refused why, and shows what a version has", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/datasets");
  await page.getByText("None yet. Name one above").waitFor();
  const id = await createDataset(page, "photographs <i>one</i>");

  await uploadFolder(page, folder, 4);
  const files = page.getByRole("region", { name: "Files", exact: true });
  await files.getByText("train/2.png", { exact: true }).waitFor();

  await page.getByLabel("A bad file").selectOption("skip");
  await page.getByRole("button", { name: "Make a version" }).click();
  const refused = page.getByRole("region", { name: "Refused files of version 1" });
  await refused.waitFor();
  expect(await refused.textContent()).toMatch(/<img src=x onerror=alert\(1\)>\.png.*PNG, JPEG.*UNSUPPORTED_FORMAT/);
  const images = page.getByRole("region", { name: "Images of version 1" });
  await expect.poll(() => images.locator("img").count()).toBe(3);
  const loaded = `[...document.querySelectorAll("ul.thumbnails img")].every((image) => image.naturalWidth > 0)`;
  await expect.poll(() => page.evaluate(loaded)).toBe(true);
  expect(await page.getByRole("region", { name: "Notes on version 1" }).textContent()).toContain(
    "3 files: sides were cut to multiples of the scale",
  );

  const job = await dashboard.server.client.jobs.create({
    kind: "evaluate",
    spec: { model: "bicubic", dataset: { datasetId: id, version: 1 } },
  });
  await page.reload();
  const usage = page.getByRole("region", { name: "Used by" });
  await usage.getByRole("link", { name: "evaluate" }).waitFor();
  await usage.getByText("queued").waitFor();
  await images.locator("img").first().waitFor();
  expect(await violationsOf(page, "dataset")).toEqual([]);

  // What is used cannot be deleted, and the page says by what; a single file can.
  await page.getByRole("button", { name: "Delete", exact: true }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByText("is still used by unfinished jobs").waitFor();
  await page.getByRole("button", { name: "Leave it" }).click();
  await page.getByRole("button", { name: "Remove train/2.png" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await files.getByText("train/2.png", { exact: true }).waitFor({ state: "detached" });
  await usage.getByText("queued").waitFor();
  await dashboard.server.client.jobs.cancel(job.id);
  await usage.getByText("cancelled").waitFor();

  await page.goto("/datasets");
  await page.getByRole("link", { name: "photographs <i>one</i>" }).waitFor();
  expect(await violationsOf(page, "datasets")).toEqual([]);
  expect(faults).toEqual([]);
});

it("goes on with a large file that was cut off, without the parts that had arrived", async () => {
  const { page, faults } = dashboard.open;
  const { id } = await dashboard.server.client.datasets.create({ name: "large" });
  const bytes = randomBytes(40_000_000);
  await writeFile(join(folder, "large.png"), bytes);
  await signIn(page, dashboard.server.key, `/datasets/${id}`);
  const puts: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "PUT") puts.push(new URL(request.url()).searchParams.get("partNumber") ?? "");
  });
  // The second part fails as when the connection is cut.
  await page.route(/partNumber=2/, (route) => route.abort(), { times: 1 });
  await page.getByLabel("Files to upload").setInputFiles(join(folder, "large.png"));
  await page.getByRole("button", { name: "Try the failed ones again" }).click({ timeout: 60_000 });
  await page.getByText("1 of 1 files stored").waitFor({ timeout: 60_000 });
  expect(puts).toEqual(["1", "2", "2", "3"]);
  const { items } = await dashboard.server.client.datasets.files(id);
  expect(items).toMatchObject([{ name: "large.png", sizeBytes: bytes.length }]);
  expect(faults.filter((fault) => !/ERR_FAILED/.test(fault))).toEqual([]);
});

/** A new dataset, and its page. */
async function openEmpty(name: string): Promise<string> {
  const { id } = await dashboard.server.client.datasets.create({ name });
  await signIn(dashboard.open.page, dashboard.server.key, `/datasets/${id}`);
  await dashboard.open.page.locator(".drop-zone").waitFor();
  return id;
}

async function drop(files: string[]): Promise<void> {
  const { page, context } = dashboard.open;
  const box = await page.locator(".drop-zone").boundingBox();
  const devTools = await context.newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await devTools.send("Input.dispatchDragEvent", { type, x: (box?.x ?? 0) + 40, y: (box?.y ?? 0) + 20, data });
  }
}

/** When everything that the page has sends is stored. */
async function storedNames(id: string): Promise<string[]> {
  await dashboard.open.page.getByText(/^(\d+) of \1 files stored/).waitFor();
  return (await dashboard.server.client.datasets.files(id)).items.map(({ name }) => name).sort();
}

it("takes what is dropped, folders with their files", async () => {
  const { faults } = dashboard.open;
  const id = await openEmpty("dropped");
  await drop([folder, join(folder, "train", "1.png")]);
  expect(await storedNames(id)).toEqual(expect.arrayContaining(["1.png", "train/1.png", "train/2.png", "train/3.png"]));
  expect(faults).toEqual([]);
});

it("keeps HR and LR images of the same names apart, dropped together, one after the other, or chosen; hidden files stay", async () => {
  const { page, faults } = dashboard.open;
  const [{ bytes }] = await photographs(1, 64, 64);
  const pairs = join(folder, "pairs");
  await writeFolder(pairs, {
    "HR/0001.png": bytes,
    "HR/.DS_Store": "x",
    "train_LR_bicubic/0001.png": bytes,
    "train_LR_bicubic/.cache/0001.png": bytes,
  });
  const both = ["HR/0001.png", "train_LR_bicubic/0001.png"];
  const together = await openEmpty("together");
  await drop([join(pairs, "HR"), join(pairs, "train_LR_bicubic")]);
  await page.getByText("2 of 2 files stored").waitFor();
  expect(await storedNames(together)).toEqual(both);

  const { id: apart } = await dashboard.server.client.datasets.create({ name: "one after the other" });
  await page.goto(`/datasets/${apart}`);
  await drop([join(pairs, "HR")]);
  await page.getByText("1 of 1 files stored").waitFor();
  await drop([join(pairs, "train_LR_bicubic")]);
  await page.getByText("2 of 2 files stored").waitFor();
  expect(await storedNames(apart)).toEqual(both);

  const { id: chosen } = await dashboard.server.client.datasets.create({ name: "chosen" });
  await page.goto(`/datasets/${chosen}`);
  await uploadFolder(page, join(pairs, "HR"), 1);
  await uploadFolder(page, join(pairs, "train_LR_bicubic"), 2);
  expect(await storedNames(chosen)).toEqual(both);
  expect(faults).toEqual([]);
});

it("says so where what is dropped cannot be read", async () => {
  const { page, faults } = dashboard.open;
  const id = await openEmpty("unreadable");
  // As the browser gives a file that has gone meanwhile.
  await page.evaluate(`DataTransferItem.prototype.webkitGetAsEntry = () => ({
    isFile: true,
    name: "gone.png",
    file: (_, fail) => fail(new DOMException("The file is not there any more.")),
  })`);
  await drop([join(folder, "train")]);
  const alert = page.getByRole("alert");
  await alert.getByText("What was dropped could not be read").waitFor();
  expect(await alert.textContent()).toContain("The file is not there any more.");
  expect((await dashboard.server.client.datasets.files(id)).items).toEqual([]);
  expect(faults).toEqual([]);
});

it("removes the files that are chosen, with one question", async () => {
  const { page, faults } = dashboard.open;
  const { client } = dashboard.server;
  const id = await openEmpty("too many");
  const images = await photographs(4, 64, 64);
  await client.datasets.upload(
    id,
    images.map(({ bytes }, i) => ({ name: `${i}.png`, data: bytes })),
  );
  await page.reload();
  for (const name of ["0.png", "2.png", "3.png"]) await page.getByRole("checkbox", { name: `Choose ${name}` }).check();
  expect(await violationsOf(page, "states/files-chosen")).toEqual([]);
  await page.getByRole("button", { name: "Delete 3 files" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Versions that were made with them keep them.").waitFor();
  await dialog.getByRole("button", { name: "Delete 3 files" }).click();
  await expect.poll(() => page.getByRole("checkbox").count()).toBe(1);
  expect((await client.datasets.files(id)).items.map(({ name }) => name)).toEqual(["1.png"]);
  expect(faults).toEqual([]);
});
