/** Overview, jobs and compressions with real jobs on a real worker; the tests go on one after the other. */
import { expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { violationsOf } from "./support/axe.ts";
import { openPage, signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";
import { comparedJobs } from "./support/steps.ts";

const MARKUP = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
const NETWORK = { blocks: 1, features: 8, scale: 2 } as const;

/** It outlasts the tests that look at it while it runs, pictures included. */
const LONG_STEPS = 12_000;

const dashboard = useDashboard({ onePage: true });
let dataset: { datasetId: string; version: number };

it("says without a worker what every job waits for", async () => {
  const { client } = dashboard.server;
  const { id } = await client.datasets.create({ name: "photographs" });
  await client.datasets.upload(
    id,
    (await photographs(5)).map(({ name, bytes }) => ({ name, data: bytes })),
  );
  dataset = { datasetId: id, version: (await client.datasets.createVersion(id, { scale: 2 })).version };
  const { page } = dashboard.open;
  await signIn(page, dashboard.server.key);
  const queue = page.getByRole("region", { name: "Queue" });
  await queue.getByText(/No worker with a working slot of the device class none is running/).waitFor();
  await page.getByText("No worker is running.").waitFor();
  await queue.getByRole("link", { name: "ingest" }).click();
  await page.getByRole("link", { name: "photographs: version 1" }).click();
  await page.getByText("Nobody can run it").waitFor();
  expect(await page.getByRole("button", { name: "Resume" }).isDisabled()).toBe(true);
  expect(await page.getByRole("button", { name: "Pause" }).isEnabled()).toBe(true);
});

it("follows a training live, with curves and log, and pauses and resumes it", async () => {
  const { client } = dashboard.server;
  const { page } = dashboard.open;
  await dashboard.server.startWorker();
  await client.datasets.waitForVersion(dataset);
  const job = await client.jobs.create({
    kind: "train",
    name: "train a small network",
    labels: ["nightly"],
    spec: {
      network: { ...NETWORK, blocks: 2, features: 16 },
      dataset,
      validation: { share: 0.2 },
      settings: { steps: LONG_STEPS, batchSize: 4, patchSize: 24, learningRate: 1e-3, validationEverySteps: 100 },
    },
  });
  await page.goto(`/jobs/${job.id}`);
  await page.getByRole("img", { name: /^Primal loss L_P by step; newest values: L_P \d/ }).waitFor();
  await page.getByRole("img", { name: /^Dual loss L_D by step; newest values: L_D \d/ }).waitFor();
  await page
    .getByRole("img", { name: /^PSNR on the validation images by step; newest values: PSNR \d+\.\d\d dB/ })
    .waitFor();
  await page
    .getByText(/\d+ of 12,000, \d+ (s|min \d+ s) left/)
    .first()
    .waitFor();

  // What is drawn over is shown larger, and stays so while more comes.
  const curve = page.getByRole("img", { name: /^Primal loss L_P by step/ });
  await curve.scrollIntoViewIfNeeded();
  const box = await curve.boundingBox();
  const at = (share: number) => [(box?.x ?? 0) + share * (box?.width ?? 0), (box?.y ?? 0) + 60] as const;
  await page.mouse.move(...at(0.4));
  await page.mouse.down();
  await page.mouse.move(...at(0.6), { steps: 4 });
  await page.mouse.up();
  const allSteps = page.getByRole("button", { name: "All steps of Primal loss L_P" });
  await allSteps.waitFor();
  for (let times = 1; times <= 2; times++) {
    const newest = await curve.getAttribute("aria-label");
    await expect.poll(() => curve.getAttribute("aria-label"), { timeout: 20_000 }).not.toBe(newest);
  }
  await allSteps.click();
  await allSteps.waitFor({ state: "detached" });
  await page.evaluate("scrollTo(0, 0)");
  expect(await violationsOf(page, "job")).toEqual([]);
  await page.goto("/");
  await page.getByRole("link", { name: "train a small network" }).waitFor();
  await page.getByText(/\d+ of 12,000, .* left/).waitFor();
  expect(await violationsOf(page, "overview")).toEqual([]);
  await page.getByRole("link", { name: "train a small network" }).click();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText(/When it is resumed it goes on from its checkpoint at step \d/).waitFor();
  const paused = await client.jobs.get(job.id);
  expect(paused.state).toBe("paused");
  // Nothing is left while nothing goes on, and a pause is no time in which it ran.
  expect(await page.getByRole("region", { name: "Progress: train" }).textContent()).toMatch(/of 12,000$/);
  const ranMs = paused.attemptHistory.map(
    ({ startedAt, endedAt }) => Date.parse(endedAt ?? "") - Date.parse(startedAt),
  );
  const ranSeconds = ranMs.reduce((sum, one) => sum + one, 0) / 1000;
  const ranFor = page.locator("div").filter({ has: page.locator("dt", { hasText: /^Ran for$/ }) });
  const [, minutes = "0", seconds] =
    /^(?:(\d+) min )?(\d+) s$/.exec((await ranFor.last().locator("dd").textContent()) ?? "") ?? [];
  expect(Math.abs(60 * Number(minutes) + Number(seconds) - ranSeconds)).toBeLessThanOrEqual(1);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("heading", { name: /running$/ }).waitFor();
  await page.getByRole("progressbar", { name: "Progress" }).waitFor();
});

it("field case 49: over a restart of the server the page tells no lie, and goes on", async () => {
  const { page } = dashboard.open;
  const bar = page.getByRole("progressbar", { name: "Progress" });
  const step = async () => Number(await bar.getAttribute("aria-valuenow"));
  const lasted = () => page.getByText("Ran for").locator("xpath=following-sibling::dd").textContent();
  // Of the attempt after the pause: until it has told how far it is there is none.
  const jobId = page.url().split("/").at(-1) ?? "";
  await expect
    .poll(async () => (await dashboard.server.client.jobs.get(jobId)).progress, { timeout: 20_000 })
    .not.toBeNull();
  await bar.waitFor();
  const running = await lasted();
  await expect.poll(lasted).not.toBe(running);
  await dashboard.server.killApi();
  await page.getByText(/^Connection lost since/).waitFor();
  expect(await page.getByRole("button", { name: "Cancel" }).isDisabled()).toBe(true);
  // Nothing runs on, "Ran for" neither: over two of its seconds.
  const shown = [await lasted(), await step()];
  await page.waitForTimeout(2_500);
  expect([await lasted(), await step()]).toEqual(shown);
  const before = await step();
  await dashboard.server.startApi();
  await page.getByText(/^Connection lost since/).waitFor({ state: "detached" });
  await expect.poll(step, { timeout: 20_000 }).toBeGreaterThan(before);
  // Nothing twice, nothing lost: the numbers of the events rise one by one.
  await page.getByRole("tab", { name: /^Events/ }).click();
  const numbers = await page.getByRole("group", { name: "Events" }).locator("tbody td:first-child").allTextContents();
  expect(numbers.map(Number)).toEqual(numbers.map((_, i) => numbers.length - i));
});

it("cancels a job after a question", async () => {
  const { page } = dashboard.open;
  await page.getByRole("button", { name: "Cancel" }).click();
  expect(await violationsOf(page, "states/cancel-job")).toEqual([]);
  await page.getByRole("button", { name: "Cancel the job" }).click();
  await page.getByRole("heading", { name: /cancelled$/ }).waitFor();
  expect(await page.getByRole("button", { name: "Cancel" }).isDisabled()).toBe(true);
  expect(await page.getByRole("button", { name: "Retry" }).isEnabled()).toBe(true);
});

it("shows why a job failed, first of all", async () => {
  const { client } = dashboard.server;
  const { page } = dashboard.open;
  const job = await client.jobs.create({
    kind: "train",
    name: "diverges",
    spec: { network: NETWORK, dataset, settings: { steps: 400, batchSize: 2, patchSize: 12, learningRate: 1e9 } },
  });
  expect((await client.jobs.wait(job.id)).state).toBe("failed");
  await page.goto(`/jobs/${job.id}`);
  const alert = page.getByRole("alert");
  await alert.getByText("The training diverged").waitFor();
  await page.getByRole("tab", { name: "Attempts (1)" }).click();
  await page.getByRole("group", { name: "Attempts" }).getByText("failed").waitFor();
  expect(await violationsOf(page, "failed-job")).toEqual([]);
  await page.goto("/");
  await page
    .getByRole("region", { name: "Latest failures" })
    .first()
    .getByText(/^The training diverged: /)
    .waitFor();
});

it("clones a job with changes", async () => {
  const { page } = dashboard.open;
  await page.getByRole("link", { name: "diverges" }).click();
  await page.getByRole("button", { name: "Clone" }).click();
  const request = page.getByLabel("The new job");
  const { spec, ...given } = JSON.parse(await request.inputValue());
  const put = (name: string, settings: object) =>
    request.fill(JSON.stringify({ ...given, name, spec: { ...spec, settings: { ...spec.settings, ...settings } } }));
  await put("converges", { steps: -1 });
  await page.getByRole("button", { name: "Start the new job" }).click();
  await page.getByText("/spec/settings/steps").waitFor();
  await put("converges", { steps: 20, learningRate: 0.001 });
  await page.getByRole("button", { name: "Start the new job" }).click();
  await page.getByRole("heading", { name: /^converges/ }).waitFor();
  await page.getByRole("heading", { name: /succeeded$/ }).waitFor();
});

it("shows a compression as its stages, and cost and quality before and after", async () => {
  const { client } = dashboard.server;
  const { page, faults } = dashboard.open;
  const { id } = await client.compressions.create({
    name: "half of a small network",
    labels: ["nightly"],
    dataset,
    network: NETWORK,
    train: { steps: 60, batchSize: 2, patchSize: 12 },
    budget: { of: "parameters", remove: 0.4 },
    fineTune: { steps: 30, batchSize: 2, patchSize: 12 },
    evaluation: { dataset, keepImages: true },
  });
  await page.goto(`/compressions/${id}`);
  const stages = page.getByRole("list", { name: "Stages" }).getByRole("listitem");
  await stages.first().waitFor();
  expect(await stages.count()).toBe(7);
  await page.getByRole("heading", { name: /succeeded$/ }).waitFor({ timeout: 90_000 });
  const rows = page.getByRole("region", { name: "Before and after" }).getByRole("row");
  await expect.poll(() => rows.count()).toBe(4);
  expect(await rows.nth(2).textContent()).toMatch(
    /^compressed[\d,]+.*\d+(\.\d+)? ms\d+(\.\d+)? ms\d\d\.\d\d dB0\.\d{4}$/,
  );
  const { models } = await client.compressions.get(id);
  for (const name of ["original", "compressed"] as const) {
    const link = page.getByRole("region", { name: "Before and after" }).getByRole("link", { name });
    expect(await link.getAttribute("href")).toBe(`/models/${models[name]}`);
  }
  await expect.poll(() => page.getByRole("link", { name: "photographs" }).count()).toBe(2);
  expect(await violationsOf(page, "compression")).toEqual([]);
  // Its evaluations kept their images: these are compared, and nothing is computed.
  const { database } = dashboard.server.services;
  const jobs = await database.job.count();
  await page.getByRole("link", { name: "Compare", exact: true }).last().click();
  await page.getByRole("slider").waitFor();
  const { stages: made } = await client.compressions.get(id);
  expect(comparedJobs(page)).toEqual([made.evaluateOriginal, made.evaluateCompressed, made.evaluateBicubic]);
  const numbers = page.getByRole("region", { name: "In numbers" });
  await page.getByLabel("Image", { exact: true }).selectOption({ index: 1 });
  await numbers.getByText(/PSNR and SSIM as the server measures them/).waitFor();
  expect(await page.getByLabel("Image", { exact: true }).locator("option").count()).toBe(5);
  expect(await database.job.count()).toBe(jobs);
  await page.goto(`/compressions/${id}`);
  await page.getByRole("link", { name: "Fine-tune" }).click();
  await page.getByRole("heading", { name: /fine-tune/ }).waitFor();
  await page.getByRole("list", { name: "Stages" }).getByRole("link", { name: "Fine-tune" }).waitFor();
  await page.goto("/compressions");
  await page.getByRole("link", { name: "half of a small network" }).waitFor();
  expect(await violationsOf(page, "compressions")).toEqual([]);
  expect(faults).toEqual([]);
});

it("shows a job's curves where the browser's language is no valid language tag", async () => {
  const [job] = (await dashboard.server.client.jobs.page({ state: "succeeded", kind: "train" })).items;
  const posix = await openPage(dashboard.browser, dashboard.server.url);
  const language = '{ get: () => "en-US@posix", configurable: true }';
  await posix.context.addInitScript(`Object.defineProperty(Navigator.prototype, "language", ${language})`);
  await signIn(posix.page, dashboard.server.key, `/jobs/${job.id}`);
  await posix.page.getByRole("img", { name: /^Primal loss L_P by step; newest values: L_P \d/ }).waitFor();
  await posix.page.locator(".curve canvas").first().waitFor();
  expect(posix.faults).toEqual([]);
  await posix.context.close();
});

it("filters jobs, and finds them by name and identifier", async () => {
  const { client } = dashboard.server;
  const { page } = dashboard.open;
  const rows = page.getByRole("region", { name: "Jobs" }).locator("tbody tr");
  await page.goto("/jobs");
  await page.getByLabel("State", { exact: true }).selectOption("failed");
  await expect.poll(() => rows.count()).toBe(1);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByLabel("Kind").selectOption("train");
  await expect.poll(() => rows.count()).toBe(4);
  await page.getByLabel("Label").fill("nightly");
  await page.getByLabel("Label").press("Enter");
  await expect.poll(() => rows.count()).toBe(2);
  expect(new URL(page.url()).search).toBe("?kind=train&label=nightly");
  await page.getByRole("button", { name: "Clear" }).click();
  const search = page.getByLabel("Name begins with, or identifier");
  await search.fill("train a");
  await search.press("Enter");
  await expect.poll(() => rows.count()).toBe(1);
  const [job] = (await client.jobs.page({ state: "failed" })).items;
  await search.fill(job.id);
  await search.press("Enter");
  await page.getByRole("link", { name: "diverges" }).waitFor();
  await expect.poll(() => rows.count()).toBe(1);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("button", { name: "Created ▼" }).click();
  await expect.poll(() => rows.first().textContent()).toContain("ingest");
  await page.getByText(/oldest first/).waitFor();
  await page.getByRole("button", { name: "Created ▲" }).click();
  await page.getByText(/newest first/).waitFor();
  await page.getByRole("button", { name: "Ended", exact: true }).click();
  await page.getByRole("button", { name: "Ended ▼" }).waitFor();
  expect(new URL(page.url()).search).toBe("?sort=ended");
  const { items } = await client.jobs.page({ sort: "ended", endedAfter: new Date(0).toISOString() });
  await expect.poll(() => rows.count()).toBe(items.length);
  expect(await rows.first().textContent()).toContain(items[0].name ?? items[0].id);
  await page.getByRole("button", { name: "Created", exact: true }).click();
  await page.getByLabel("Ended", { exact: true }).selectOption("1h");
  expect(new URL(page.url()).search).toBe("?endedWithin=1h");
  await page.getByRole("button", { name: "Actions on diverges" }).click();
  const item = (name: string) => page.getByRole("menuitem", { name });
  expect([await item("Pause").isDisabled(), await item("Retry").isEnabled()]).toEqual([true, true]);
  await page.keyboard.press("Escape");
  expect(await violationsOf(page, "jobs")).toEqual([]);
});

it("shows names, labels and log lines as text, whatever they hold", async () => {
  const { client, services } = dashboard.server;
  const { page, faults } = dashboard.open;
  const job = await client.jobs.create({ kind: "evaluate", name: MARKUP, spec: { model: "bicubic", dataset } });
  await client.jobs.wait(job.id);
  await services.database.jobLog.create({ data: { jobId: job.id, number: 9_999, line: MARKUP } });
  await services.database.job.update({ where: { id: job.id }, data: { logCount: 9_999 } });
  for (const path of ["/", "/jobs", `/jobs/${job.id}`]) {
    await page.goto(path);
    if (path !== "/") await page.getByText(MARKUP).first().waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  }
  await page.getByRole("group", { name: "Log" }).getByText(MARKUP).waitFor();
  await page.getByRole("tab", { name: "Spec" }).click();
  expect(await page.title()).toContain("<img");
  expect(faults).toEqual([]);
});

it("acts on several jobs at once, as far as their states allow", async () => {
  const { client } = dashboard.server;
  const { page } = dashboard.open;
  const settings = { steps: LONG_STEPS, batchSize: 2, patchSize: 12 };
  const body = { kind: "train" as const, labels: ["many"], spec: { network: NETWORK, dataset, settings } };
  const jobs = await Promise.all(["one", "two", "three"].map((name) => client.jobs.create({ ...body, name })));
  const [ended, ...waiting] = jobs.map(({ id }) => id);
  await client.jobs.cancel(ended);
  await client.jobs.wait(ended);
  for (const id of waiting) await client.jobs.pause(id);
  await expect
    .poll(async () => (await client.jobs.page({ label: "many", state: "paused" })).items.length, { timeout: 20_000 })
    .toBe(2);
  await page.goto("/jobs?label=many");
  await page.getByRole("checkbox", { name: "Choose two" }).check();
  await page.getByRole("button", { name: "All on this page" }).click();
  await page.getByText("3 jobs chosen").waitFor();
  await page.getByRole("button", { name: "Cancel 2 jobs" }).click();
  await page.getByText("For 1 it is not possible.").waitFor();
  expect((await page.getByRole("dialog").getByRole("listitem").allTextContents()).sort()).toEqual(["three", "two"]);
  await page.getByRole("dialog").getByRole("button", { name: "Cancel 2 jobs" }).click();
  await page.getByText("3 jobs chosen").waitFor({ state: "detached" });
  for (const id of waiting) expect((await client.jobs.get(id)).state).toBe("cancelled");
  await page.getByRole("checkbox", { name: "Choose two" }).check();
  await page.getByRole("button", { name: "All on this page" }).click();
  expect(await page.getByRole("button", { name: "Pause 0 jobs" }).isDisabled()).toBe(true);
  expect(await violationsOf(page, "states/jobs-chosen")).toEqual([]);
  await page.getByRole("button", { name: "Delete 3 jobs" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete 3 jobs" }).click();
  await page.getByText("No job is as the filter says.").waitFor();
});

it("deletes the others where one is refused, says so, and reads the list again", async () => {
  const { client } = dashboard.server;
  const { page } = dashboard.open;
  const spec = { model: "bicubic" as const, dataset };
  const create = (name: string) => client.jobs.create({ kind: "evaluate", labels: ["refused"], name, spec });
  const ids: string[] = [];
  for (const name of ["stays", "gone"]) ids.push((await create(name)).id);
  for (const id of ids) await client.jobs.cancel(id);
  for (const id of ids) await client.jobs.wait(id);
  await page.goto("/jobs?label=refused");
  await page.getByRole("checkbox", { name: "Choose stays" }).check();
  await page.getByRole("button", { name: "All on this page" }).click();
  await page.getByRole("button", { name: "Delete 2 jobs" }).click();
  // The list does not know yet that somebody else has deleted one: its next readings wait.
  const list = "**/v1/jobs?*";
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const poll = page.waitForRequest(list);
  await page.route(list, async (route) => {
    await released;
    await route.continue();
  });
  await poll;
  await client.jobs.delete(ids[1]);
  const again = page.waitForRequest(list);
  await page.getByRole("dialog").getByRole("button", { name: "Delete 2 jobs" }).click();
  await page.getByRole("dialog").getByText(`There is no job ${ids[1]}.`).waitFor();
  await expect(client.jobs.get(ids[0])).rejects.toMatchObject({ status: 404 });
  await again;
  release();
  await page.getByText("No job is as the filter says.").waitFor();
  await page.unroute(list);
});

it("deletes a job that has ended, after a question", async () => {
  const { page, faults } = dashboard.open;
  const { items } = await dashboard.server.client.jobs.page({ search: MARKUP });
  await page.goto(`/jobs/${items[0].id}`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByText(`The job ${MARKUP} is removed`).waitFor();
  await page.getByLabel("Delete the models that it made as well").check();
  await page.getByRole("button", { name: "Delete the job" }).click();
  await page.waitForURL("**/jobs");
  await page.getByRole("link", { name: "diverges" }).waitFor();
  expect(await page.getByText(MARKUP).count()).toBe(0);
  expect(faults).toEqual([]);
});

it("disables what a key of the scope read may not do", async () => {
  const { key } = await dashboard.server.client.keys.create({ name: "reader", scopes: ["read"] });
  const reader = await openPage(dashboard.browser, dashboard.server.url);
  const [job] = (await dashboard.server.client.jobs.page({ state: "failed" })).items;
  await signIn(reader.page, key ?? "", `/jobs/${job.id}`);
  const clone = reader.page.getByRole("button", { name: "Clone" });
  await clone.waitFor();
  expect(await clone.isDisabled()).toBe(true);
  await clone.focus();
  await reader.page.getByRole("tooltip").getByText("The key of this session may only read.").waitFor();
  await reader.context.close();
});
