/** Pages where something is missing, waits, has failed or is away, and what is said of a button that cannot be pressed. */
import { type DatasetInput, newId } from "@drc/contracts";
import { encodePng } from "@drc/imaging";
import { createModel, encodeModel } from "@drc/network";
import { beforeAll, expect, it } from "vitest";
import { photograph } from "../../../test/photographs.ts";
import { violationsOf } from "./support/axe.ts";
import { openPage, signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";
import { chooseImage } from "./support/steps.ts";

const dashboard = useDashboard();
/** Its ingest waits: no worker is there before the last test. */
let dataset: DatasetInput;
let photo: Buffer;
/** Networks. */
let original: string;
let compressed: string;

beforeAll(async () => {
  const { client, services } = dashboard.server;
  photo = await encodePng(photograph(1, 64, 64));
  const { id: datasetId } = await client.datasets.create({ name: "photographs" });
  await client.datasets.upload(datasetId, [{ name: "1.png", data: photo }]);
  const { version } = await client.datasets.createVersion(datasetId, { scale: 4 });
  dataset = { datasetId, version };
  // As if it had been read: jobs can be submitted, and go on waiting.
  await services.database.datasetVersion.update({
    where: { datasetId_number: { datasetId, number: version } },
    data: { state: "ready", images: [{ name: "1.png", width: 64, height: 64, hr: "hr", lrs: { 4: "lr" } }] },
  });
  const upload = async (features: number) => {
    const data = new Uint8Array(encodeModel(createModel({ scale: 4, blocks: 1, features, seed: 1 })));
    return (await client.models.upload({ name: `${features}.safetensors`, data }, { name: `${features}` })).id;
  };
  original = await upload(8);
  compressed = await upload(4);
});

it("has a heading and a title on the page of each record while it is read, and where there is none", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key);
  const records = [
    [`/models/${newId("model")}`, "Model"],
    [`/datasets/${newId("dataset")}`, "Dataset"],
    [`/sweeps/${newId("sweep")}`, "Sweep"],
    [`/compressions/${newId("compression")}`, "Compression"],
    [`/jobs/${newId("job")}`, "Job"],
    [`/webhooks/${newId("webhook")}`, "Webhook"],
    [`/webhooks/${newId("webhook")}/messages/${newId("message")}`, "Delivery"],
  ];
  for (const [address, title] of records) {
    // The answer comes when the page has been looked at.
    let answer = () => {};
    const looked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route(`**/v1${address}`, async (route) => {
      await looked;
      await route.continue();
    });
    await page.goto(address);
    const heading = page.getByRole("heading", { level: 1, name: title, exact: true });
    await heading.waitFor();
    expect(await page.title()).toBe(`${title} – DRC`);
    answer();
    await page.getByRole("alert").first().waitFor();
    await heading.waitFor();
    expect(await page.title()).toBe(`${title} – DRC`);
    await page.unroute(`**/v1${address}`);
    expect(await violationsOf(page, `states/no-${title.toLowerCase()}`)).toEqual([]);
  }
  await page.goto("/nothing/here");
  await page.getByRole("heading", { level: 1, name: "Not found" }).waitFor();
  expect(await violationsOf(page, "states/not-found")).toEqual([]);
  expect(faults).toEqual([]);
}, 120_000);

it("says why a button cannot be pressed to those who use the keyboard or tap", async () => {
  const { client, url } = dashboard.server;
  const { key } = await client.keys.create({ name: "reader", scopes: ["read"] });
  const { id } = await client.datasets.create({ name: "read alone" });
  const reader = await openPage(dashboard.browser, url);
  try {
    const { page, faults } = reader;
    await signIn(page, key ?? "", `/datasets/${id}`);
    const button = page.getByRole("button", { name: "Make a version" });
    const reason = page.getByRole("tooltip");
    await button.waitFor();
    expect(await button.isDisabled()).toBe(true);
    expect(await reason.count()).toBe(0);
    await page.getByLabel("A bad file").focus();
    await page.keyboard.press("Tab");
    await reason.waitFor();
    expect(await reason.textContent()).toBe("The key of this session may only read.");
    expect(await page.evaluate("document.activeElement.getAttribute('aria-describedby')")).toBe(
      await reason.getAttribute("id"),
    );
    expect(await violationsOf(page, "states/why-not")).toEqual([]);
    await page.keyboard.press("Escape");
    await reason.waitFor({ state: "detached" });

    // Neither Enter nor a press sends the form.
    await page.keyboard.press("Enter");
    await reason.waitFor();
    await page.getByRole("heading", { level: 1 }).click();
    await reason.waitFor({ state: "detached" });
    const box = await button.boundingBox();
    await page.mouse.click((box?.x ?? 0) + 5, (box?.y ?? 0) + 5);
    await reason.waitFor();
    expect(await client.datasets.versions(id)).toEqual([]);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(faults).toEqual([]);
  } finally {
    await reader.context.close();
  }
});

it("looks at a job in each of its states, and at what it has kept", async () => {
  const { page, faults } = dashboard.open;
  const { client, services } = dashboard.server;
  const [ingest] = (await client.jobs.page({ kind: "ingest" })).items;
  const model = { modelId: original };
  const search = await client.jobs.create({
    kind: "channel-search",
    spec: { model, dataset, budget: { of: "parameters", remove: 0.3 }, method: "uniform" },
  });
  const job = await client.jobs.create({
    kind: "prune",
    spec: { model, plan: { fromJob: search.id }, dataset, importance: { method: "l1" } },
  });
  const change = (data: object) => services.database.job.update({ where: { id: job.id }, data });
  await signIn(page, dashboard.server.key, `/jobs/${job.id}`);
  await page.getByText("Waits for other jobs").waitFor();
  expect(await violationsOf(page, "states/job-blocked")).toEqual([]);
  await client.jobs.pause(search.id);
  await page.goto(`/jobs/${search.id}`);
  await page.getByText("It begins when it is resumed.").waitFor();
  expect(await violationsOf(page, "states/job-paused")).toEqual([]);
  await page.goto(`/jobs/${ingest.id}`);
  await page.getByText("Nobody can run it").waitFor();
  expect(await violationsOf(page, "states/job-queued")).toEqual([]);

  await page.goto(`/jobs/${job.id}`);
  const { sha256 } = await services.database.blob.findFirstOrThrow();
  await services.database.artifact.create({
    data: { jobId: job.id, name: "images/<b>1</b>.png", contentType: "image/png", sha256 },
  });
  await change({ state: "succeeded", endedAt: new Date(), result: { psnr: 31.2, of: ["<i>a</i>"] } });
  await page.getByRole("heading", { name: /succeeded$/ }).waitFor();
  for (const tab of ["Attempts", "Result", "Spec", "Artifacts", "Events"]) {
    await page.getByRole("tab", { name: new RegExp(`^${tab}`) }).click();
    await page.getByRole("tabpanel").waitFor();
    expect(await violationsOf(page, `states/job-${tab.toLowerCase()}`)).toEqual([]);
  }
  expect(faults).toEqual([]);
}, 120_000);

it("looks at the page without the server, at one that cannot be shown, and at the navigation of a phone", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key);
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByRole("button", { name: "Open the navigation" }).click();
  await page.getByRole("link", { name: "Webhooks" }).waitFor();
  expect(await violationsOf(page, "states/navigation-phone")).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 800 });

  await dashboard.server.killApi();
  await page.getByText(/^Connection lost since/).waitFor();
  expect(await violationsOf(page, "states/connection-lost")).toEqual([]);
  await dashboard.server.startApi();
  await page.getByText(/^Connection lost since/).waitFor({ state: "detached" });

  const problem = {
    type: "about:blank",
    title: "Internal error",
    status: 500,
    code: "INTERNAL",
    detail: "Look there.",
  };
  await page.route("**/v1/session", (route) =>
    route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify(problem) }),
  );
  await page.goto("/");
  await page.getByRole("heading", { level: 1, name: "This page could not be shown" }).waitFor();
  expect(await violationsOf(page, "states/error")).toEqual([]);
  await page.unroute("**/v1/session");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  // React tells the console as well.
  expect(faults.filter((fault) => !fault.includes(problem.detail))).toEqual([]);
}, 60_000);

it("looks at an upload that goes on, at one that failed, and at a version that was refused", async () => {
  const { page, faults } = dashboard.open;
  const { client, services } = dashboard.server;
  const { id } = await client.datasets.create({ name: "uploads" });
  await signIn(page, dashboard.server.key, `/datasets/${id}`);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(`**/v1/datasets/${id}/files`, async (route) => {
    await released;
    await route.continue();
  });
  // The same file twice is two lines.
  const files = [
    { name: "1.png", mimeType: "image/png", buffer: photo },
    { name: "1.png", mimeType: "image/png", buffer: photo },
    { name: "2.png", mimeType: "image/png", buffer: Buffer.alloc(0) },
  ];
  await page.getByLabel("Files to upload").setInputFiles(files);
  const rows = page.getByRole("group", { name: "Files that are uploaded" }).locator("tbody tr");
  await expect.poll(() => rows.count()).toBe(3);
  expect(await violationsOf(page, "states/upload-running")).toEqual([]);
  release();
  await page.getByText(/3 failed/).waitFor();
  await expect.poll(() => rows.count()).toBe(3);
  expect(await violationsOf(page, "states/upload-failed")).toEqual([]);

  await client.datasets.upload(id, [{ name: "1.png", data: photo }]);
  const { version } = await client.datasets.createVersion(id, { scale: 4 });
  await services.database.datasetVersion.update({
    where: { datasetId_number: { datasetId: id, number: version } },
    data: { state: "failed", badFiles: [{ file: "1.png", code: "UNDECODABLE", detail: "1.png: it ends too early." }] },
  });
  await page.reload();
  await page.getByRole("region", { name: "Refused files of version 1" }).waitFor();
  expect(await violationsOf(page, "states/version-failed")).toEqual([]);
  expect(faults).toEqual([]);
}, 60_000);

it("leads from each number of the overview to the jobs that it counts", async () => {
  const { page, faults } = dashboard.open;
  const { client, services } = dashboard.server;
  const ids: string[] = [];
  for (let i = 0; i < 6; i++) {
    ids.push((await client.jobs.create({ kind: "evaluate", spec: { model: { modelId: original }, dataset } })).id);
  }
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
  const changes = [
    { state: "failed", createdAt: hoursAgo(5), endedAt: hoursAgo(0.2) },
    { state: "failed", createdAt: hoursAgo(5), endedAt: hoursAgo(3) },
    { state: "succeeded", createdAt: hoursAgo(5), endedAt: hoursAgo(0.2), result: {} },
    { state: "succeeded", createdAt: hoursAgo(5), endedAt: hoursAgo(3), result: {} },
    { state: "paused" },
    { state: "pausing" },
  ] as const;
  for (const [i, data] of changes.entries()) await services.database.job.update({ where: { id: ids[i] }, data });
  await signIn(page, dashboard.server.key);
  for (const name of ["Queued", "Paused", "Succeeded, last hour", "Failed, last hour"]) {
    await page.goto("/");
    const number = page.locator(".numbers > div").filter({ hasText: name });
    const said = Number(await number.locator("dd").textContent());
    expect(said).toBeGreaterThan(0);
    await number.getByRole("link").click();
    const rows = page.getByRole("group", { name: "Jobs", exact: true }).locator("tbody tr");
    await expect.poll(() => rows.getByRole("link").count()).toBeGreaterThanOrEqual(said);
    expect(await rows.count(), name).toBe(said);
  }
  expect(faults).toEqual([]);
}, 60_000);

it("says what a comparison waits for, and takes nobody back who has left it", async () => {
  const { page, faults } = dashboard.open;
  const { client } = dashboard.server;
  await signIn(page, dashboard.server.key, `/compare?originalModel=${original}&compressedModel=${compressed}`);
  await chooseImage(page, "mine.png", photo);
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByText(/^Its ingest: queued\. .*worker/i).waitFor();
  expect(await violationsOf(page, "states/compare-waiting")).toEqual([]);
  const link = page.getByRole("link", { name: "Its ingest" });
  const ingest = (await link.getAttribute("href"))?.split("/").at(-1) ?? "";

  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await dashboard.server.startWorker("none:1");
  await client.jobs.wait(ingest);
  // As long as the comparison would have needed to see it and go on.
  for (let times = 1; times <= 2; times++) await page.waitForResponse("**/v1/overview");
  expect(new URL(page.url()).pathname).toBe("/");
  expect((await client.jobs.page({ label: "compare" })).items).toEqual([]);
  expect(faults).toEqual([]);
}, 60_000);
