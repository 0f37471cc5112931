/** The pages of sweeps in a real browser. What the points measured is made up, so that it is always the same. */
import type { SweepDetailResource } from "@drc/contracts";
import { beforeAll, describe, expect, it } from "vitest";
import { violationsOf } from "./support/axe.ts";
import { openPage, signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";
import { endPoints, readyDataset, startSweep } from "./support/ended-sweep.ts";

const MARKUP = '<img src=x onerror="alert(1)">';

const dashboard = useDashboard();
let dataset: { datasetId: string; version: number };
let sweep: SweepDetailResource;
beforeAll(async () => {
  // It ingests, and leaves the jobs of the sweeps alone.
  await dashboard.server.startWorker("none:1");
  dataset = await readyDataset(dashboard.server);
  sweep = await startSweep(dashboard.server, dataset, "Which budget?");
  const all = sweep.points.map(({ number }) => number);
  await endPoints(
    dashboard.server,
    sweep,
    all.filter((number) => number <= 25),
  );
  const { database } = dashboard.server.services;
  const [running, failed] = sweep.points.slice(25);
  const progress = { stage: "fine-tune", step: 150, of: 600, secondsLeft: 95 };
  await database.job.update({ where: { id: running.stages.search }, data: { state: "succeeded" } });
  await database.job.update({ where: { id: running.stages.fineTune }, data: { state: "running", progress } });
  const error = { code: "DIVERGED", title: "The training diverged", detail: `The loss is not finite. ${MARKUP}` };
  await database.job.update({ where: { id: failed.stages.fineTune }, data: { state: "failed", error } });
});

describe("the list of sweeps", () => {
  it("has state and progress, filters by state and label, and leads to a sweep", async () => {
    const { page, faults } = dashboard.open;
    await startSweep(dashboard.server, dataset, MARKUP);
    await signIn(page, dashboard.server.key, "/sweeps");
    const row = page.getByRole("row").filter({ hasText: "Which budget?" });
    await row.getByText("3 budgets × 3 methods × 3 seeds").waitFor();
    await row.getByRole("progressbar").waitFor();
    await page.getByRole("link", { name: MARKUP }).waitFor();
    expect(await violationsOf(page, "sweeps")).toEqual([]);
    await page.getByRole("combobox", { name: "State" }).selectOption("failed");
    await page.getByText("No sweep is as the filter says.").waitFor();
    expect(page.url()).toContain("state=failed");
    await page.getByRole("combobox", { name: "State" }).selectOption("running");
    await page.getByRole("textbox", { name: "Label" }).fill("nightly");
    await page.getByRole("textbox", { name: "Label" }).press("Enter");
    await page.getByRole("link", { name: "Which budget?" }).press("Enter");
    await page.getByRole("heading", { level: 1, name: "Which budget?" }).waitFor();
    expect(faults).toEqual([]);
  });
});

describe("a sweep", () => {
  it("has a curve whose points lead to their jobs, by keyboard", async () => {
    const { page, faults } = dashboard.open;
    await signIn(page, dashboard.server.key, `/sweeps/${sweep.id}`);
    const points = page.locator(".point-link");
    await points.first().waitFor();
    expect(await points.count()).toBe(25);
    expect(await page.locator(".sweep-chart .front circle").count()).toBe(3);
    await page.getByText("original 31.40 dB", { exact: true }).waitFor();
    await page
      .getByText(/^bicubic 27\.10 dB/)
      .first()
      .waitFor();
    expect(await page.locator('.error-bars[d^="M"]').count()).toBe(8);
    const first = sweep.points[0];
    const link = page.getByRole("link", { name: /^second-order, 30 % of parameters removed, seed 1: 31\.\d\d dB/ });
    await link.focus();
    await page
      .locator(".chart-told")
      .getByText(/seed 1/)
      .waitFor();
    expect(await violationsOf(page, "states/sweep")).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/jobs/${first.stages.fineTune}`);
    const stages = page.getByRole("region", { name: "Stages of point 1" }).getByRole("listitem");
    await stages.filter({ hasText: "fine-tune" }).waitFor();
    expect(await stages.count()).toBe(Object.keys(first.stages).length);
    await page.getByRole("link", { name: "search", exact: true }).click();
    await page.getByRole("region", { name: /^Stages of point 1, which shares this job with \d+ others$/ }).waitFor();
    expect(faults).toEqual([]);
  });

  it("shows other costs and qualities, and keeps the choice in its address", async () => {
    const { page } = dashboard.open;
    await signIn(page, dashboard.server.key, `/sweeps/${sweep.id}`);
    await page.getByRole("combobox", { name: "Cost" }).selectOption("latency");
    await page.getByText("ms, median latency of an LR image of 320×180, cpu, 2 threads", { exact: true }).waitFor();
    await page.getByRole("combobox", { name: "Quality" }).selectOption("ssim");
    await page.reload();
    await page.getByText("SSIM, after fine-tuning", { exact: true }).waitFor();
    await page.getByRole("button", { name: "random" }).press("Enter");
    await page.locator('.legend-item[aria-pressed="false"]').waitFor();
    expect(await page.locator(".point-link").count()).toBe(18);
  });

  it("tells of every point how far it is or why it is not further, and of a method what it is worth", async () => {
    const { page, faults } = dashboard.open;
    await signIn(page, dashboard.server.key, `/sweeps/${sweep.id}`);
    const points = page.getByLabel("Points", { exact: true });
    await points.getByText("150 of 600, 1 min 35 s left").waitFor();
    await page.getByRole("combobox", { name: "State of points" }).selectOption("failed");
    await points.getByText("The training diverged").click();
    await points.getByText(`The loss is not finite. ${MARKUP}`).waitFor();
    expect(await points.getByRole("row").count()).toBe(2);
    const means = page.getByLabel("Means over the seeds");
    const l1 = means.getByRole("row").filter({ hasText: "l1" }).first();
    await l1
      .getByText(/^−0\.\d\d worse$/)
      .first()
      .waitFor();
    await l1.getByText(/31\.\d\d ± 0\.\d\d/).waitFor();
    const cutOff = `[...document.querySelectorAll(".table-scroll")].map((one) => one.scrollWidth - one.clientWidth)`;
    expect(await page.evaluate(cutOff)).toEqual([0, 0]);
    expect(faults).toEqual([]);
  });

  it("leads to the datasets it reads, and to its base network", async () => {
    const { page, faults } = dashboard.open;
    await signIn(page, dashboard.server.key, `/sweeps/${sweep.id}`);
    const points = page.getByLabel("Points", { exact: true });
    const compare = points.getByRole("link", { name: "Point 1: compare with the original" });
    const address = new URL((await compare.getAttribute("href")) ?? "", page.url()).searchParams;
    const [first] = sweep.points;
    const { modelId } = (await dashboard.server.client.sweeps.get(sweep.id)).points[0];
    expect([first.number, address.get("compressedModel")]).toEqual([1, modelId]);
    const facts = page.getByRole("region", { name: "What is compared" });
    const { original } = await dashboard.server.client.sweeps.get(sweep.id);
    const model = facts.getByRole("link", { name: original.modelId ?? "none" });
    expect(await model.getAttribute("href")).toBe(`/models/${original.modelId}`);
    const datasets = facts.getByRole("link", { name: "photographs" });
    await datasets.nth(1).waitFor();
    await datasets.first().press("Enter");
    await page.getByRole("heading", { level: 1, name: "photographs" }).waitFor();
    expect(faults).toEqual([]);
  });

  it("follows its points while they come", async () => {
    const { page } = dashboard.open;
    const live = await startSweep(dashboard.server, dataset, "Live");
    await signIn(page, dashboard.server.key, `/sweeps/${live.id}`);
    await page.getByText("Nothing is measured yet.").waitFor();
    await endPoints(dashboard.server, live, [1]);
    await page.locator(".point-link").first().waitFor();
    await endPoints(dashboard.server, live, [2, 3, 4]);
    await page.locator(".point-link").nth(3).waitFor();
    expect(await page.locator(".point-link").count()).toBe(4);
  });

  it("does not say of points that they run while only the shared training does", async () => {
    const { page } = dashboard.open;
    const live = await startSweep(dashboard.server, dataset, "Shared");
    const { database } = dashboard.server.services;
    const [{ stages }] = live.points;
    const progress = { stage: "train", step: 40, of: 100, secondsLeft: 30 };
    await database.job.update({ where: { id: stages.train }, data: { state: "running", progress } });
    await signIn(page, dashboard.server.key, `/sweeps/${live.id}`);
    await page.getByText("0 of 90 jobs ended. Points: 27 waiting. What runs now needs 30 s more.").waitFor();
    const first = page.getByLabel("Points", { exact: true }).getByRole("row").nth(1);
    await first.getByText("waits for what all points share:").waitFor();
    await first.getByText("40 of 100, 30 s left").waitFor();
    await page.getByRole("combobox", { name: "State of points" }).selectOption("running");
    await page.getByText("No point is like that.").waitFor();
    await database.job.update({ where: { id: stages.train }, data: { state: "succeeded" } });
    await database.job.update({ where: { id: stages.search }, data: { state: "running" } });
    await page.getByText(/Points: \d+ waiting, \d+ running\./).waitFor();
  });

  it("field case 49: says that the server is away, and shows afterwards what happened meanwhile", async () => {
    const { page } = dashboard.open;
    const live = await startSweep(dashboard.server, dataset, "Over a restart");
    await signIn(page, dashboard.server.key, `/sweeps/${live.id}`);
    await page.getByText("0 of 90 jobs ended. Points: 27 waiting.").waitFor();
    await dashboard.server.killApi();
    const banner = page.getByText(/^Connection lost since/);
    await banner.waitFor();
    await endPoints(dashboard.server, live, [1, 2]);
    await page.getByText("0 of 90 jobs ended. Points: 27 waiting.").waitFor();
    await dashboard.server.startApi();
    await banner.waitFor({ state: "detached" });
    await page.getByText("2 succeeded").waitFor();
    await page.locator(".point-link").nth(1).waitFor();
  });

  it("gives its summary as CSV and JSON", async () => {
    const { page } = dashboard.open;
    await signIn(page, dashboard.server.key, `/sweeps/${sweep.id}`);
    for (const format of ["CSV", "JSON"]) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: format, exact: true }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`${sweep.id}.${format.toLowerCase()}`);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toContain("second-order");
    }
  });

  it("is paused, resumed, cancelled and deleted, where that is possible", async () => {
    const { page } = dashboard.open;
    const { id } = await startSweep(dashboard.server, dataset, "Verbs");
    await signIn(page, dashboard.server.key, `/sweeps/${id}`);
    expect(await page.getByRole("button", { name: "Resume" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("heading", { level: 1, name: /paused$/ }).waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("heading", { level: 1, name: /running$/ }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Cancel the sweep" }).click();
    await page.getByRole("heading", { level: 1, name: /cancelled$/ }).waitFor();
    expect(await page.getByRole("button", { name: "Retry" }).isEnabled()).toBe(true);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete the sweep" }).click();
    await page.waitForURL("**/sweeps");
    await page.getByRole("link", { name: "Which budget?" }).waitFor();
    await expect(dashboard.server.client.sweeps.get(id)).rejects.toMatchObject({ status: 404 });
  });

  it("says at a phone's width that its tables go on", async () => {
    const phone = await openPage(dashboard.browser, dashboard.server.url, 390);
    await signIn(phone.page, dashboard.server.key, `/sweeps/${sweep.id}`);
    await phone.page.locator(".point-link").first().waitFor();
    await phone.page.locator(".table-scroll[data-more-right]").first().waitFor();
    await phone.context.close();
  });
});
