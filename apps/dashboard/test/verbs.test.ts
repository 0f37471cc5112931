/** What is done with jobs, from their page and from the menu of their row. */
import { encodePng } from "@drc/imaging";
import { beforeAll, expect, it } from "vitest";
import { photograph } from "../../../test/photographs.ts";
import { violationsOf } from "./support/axe.ts";
import { openPage, signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";

const dashboard = useDashboard();
let dataset: { datasetId: string; version: number };

beforeAll(async () => {
  // It reads datasets; jobs that need a device wait.
  await dashboard.server.startWorker("none:1");
  const { client } = dashboard.server;
  const { id: datasetId } = await client.datasets.create({ name: "photographs" });
  await client.datasets.upload(datasetId, [{ name: "1.png", data: await encodePng(photograph(1, 96, 96)) }]);
  const { version } = await client.datasets.createVersion(datasetId, { scale: 2 });
  dataset = { datasetId, version };
  await client.datasets.waitForVersion(dataset);
});

function waitingJob(name: string): Promise<{ id: string }> {
  return dashboard.server.client.jobs.create({ kind: "evaluate", name, spec: { model: "bicubic", dataset } });
}

it("keeps a dialog that was opened from a row when the row leaves the list", async () => {
  const { client } = dashboard.server;
  const { page, faults } = dashboard.open;
  const { id } = await waitingJob("leaves the list");
  await signIn(page, dashboard.server.key, "/jobs?state=queued");
  const row = page.getByRole("row").filter({ hasText: "leaves the list" });
  await row.getByRole("button", { name: "Actions on leaves the list" }).click();
  await page.getByRole("menuitem", { name: "Clone" }).click();
  const request = page.getByRole("dialog").getByLabel("The new job");
  const text = (await request.inputValue()).replace("leaves the list", "stays");
  await request.fill(text);
  await client.jobs.cancel(id);
  await row.waitFor({ state: "detached" });
  expect(await request.inputValue()).toBe(text);
  await page.getByRole("button", { name: "Start the new job" }).click();
  await page.getByRole("heading", { level: 1, name: /^stays/ }).waitFor();
  expect(await page.getByRole("dialog").count()).toBe(0);
  expect(faults).toEqual([]);
});

it("closes a dialog with the page that it belongs to", async () => {
  const { page, faults } = dashboard.open;
  await waitingJob("looked at");
  await signIn(page, dashboard.server.key, "/");
  await page.getByRole("link", { name: "Jobs", exact: true }).click();
  await page.getByRole("button", { name: "Actions on looked at" }).click();
  await page.getByRole("menuitem", { name: "Cancel", exact: true }).click();
  await page.getByRole("dialog").waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  expect(await page.getByRole("dialog").count()).toBe(0);
  expect(faults).toEqual([]);
});

it("has a menu that the arrow keys lead through, and that says why something is not possible", async () => {
  const { page, faults } = dashboard.open;
  await waitingJob("with a menu");
  await signIn(page, dashboard.server.key, "/jobs");
  await page.getByRole("button", { name: "Actions on with a menu" }).press("Enter");
  await page.getByRole("menu").waitFor();
  const focused = () => page.evaluate("document.activeElement.textContent.slice(0, 99)");
  await expect.poll(focused).toBe("Pause");
  await page.keyboard.press("ArrowDown");
  expect(await focused()).toBe("Resume It is not paused.");
  await page.keyboard.press("Enter");
  expect(await page.getByRole("menu").isVisible()).toBe(true);
  expect(await page.getByRole("dialog").count()).toBe(0);
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Actions on with a menu" }).click();
  await page.getByRole("menu").waitFor();
  expect(await violationsOf(page, "states/verb-menu")).toEqual([]);

  const { key } = await dashboard.server.client.keys.create({ name: "reader", scopes: ["read"] });
  const reader = await openPage(dashboard.browser, dashboard.server.url);
  await signIn(reader.page, key ?? "", "/jobs");
  await reader.page.getByRole("banner").getByText("reader · read", { exact: true }).waitFor();
  await reader.page.getByRole("button", { name: "Actions on with a menu" }).click();
  await reader.page.getByRole("menu").getByText("The key of this session may only read.").waitFor();
  expect(await reader.page.getByRole("menuitem", { name: "Pause", exact: true }).isDisabled()).toBe(true);
  expect(await violationsOf(reader.page, "states/verb-menu-reader")).toEqual([]);
  await reader.context.close();
  expect(faults).toEqual([]);
});

it("sets a priority that was typed with a zero before it, and asks without violations", async () => {
  const { client } = dashboard.server;
  const { page, faults } = dashboard.open;
  const { id } = await waitingJob("in a queue");
  await signIn(page, dashboard.server.key, `/jobs/${id}`);
  await page.getByRole("button", { name: "Clone" }).click();
  const request = page.getByLabel("The new job");
  expect(JSON.parse(await request.inputValue())).toMatchObject({ kind: "evaluate", spec: { model: "bicubic" } });
  expect(await violationsOf(page, "states/clone-job")).toEqual([]);
  await request.fill("{");
  expect(await request.getAttribute("aria-invalid")).toBe("true");
  await page.getByRole("button", { name: "Start the new job" }).hover();
  await page
    .getByRole("tooltip")
    .getByText(/^This is no JSON/)
    .waitFor();
  expect(await violationsOf(page, "states/clone-job-refused")).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Priority" }).click();
  const priority = page.getByRole("textbox", { name: "Priority" });
  await priority.fill("");
  await priority.pressSequentially("500");
  await priority.press("Enter");
  await page.getByRole("dialog").getByText(/500/).waitFor();
  expect([await priority.inputValue(), await priority.getAttribute("aria-invalid")]).toEqual(["500", "true"]);
  expect(await violationsOf(page, "states/priority-job")).toEqual([]);
  await priority.fill("");
  await priority.pressSequentially("07");
  await priority.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect((await client.jobs.get(id)).priority).toBe(7);
  await client.jobs.cancel(id);
  await page.getByRole("button", { name: "Retry" }).click();
  await page
    .getByRole("dialog")
    .getByText(/begins at the first step/)
    .waitFor();
  expect(await violationsOf(page, "states/retry-job")).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Delete" }).click();
  expect(await violationsOf(page, "states/delete-job")).toEqual([]);
  await page.getByRole("button", { name: "Delete the job" }).click();
  await page.getByRole("heading", { level: 1, name: "Jobs" }).waitFor();
  await expect(client.jobs.get(id)).rejects.toMatchObject({ status: 404 });
  expect(faults).toEqual([]);
});

it("keeps the focus over a menu that is left, what is done from it, and what is done by a button", async () => {
  const { page, faults } = dashboard.open;
  const { id } = await waitingJob("with the focus");
  await signIn(page, dashboard.server.key, "/jobs");
  const focused = () =>
    page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");
  const gone = () => page.getByRole("menu").waitFor({ state: "detached" });
  const actions = page.getByRole("button", { name: "Actions on with the focus" });
  for (const _ of ["the first time", "again"]) {
    await actions.press("Enter");
    await expect.poll(focused).toBe("Pause");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Escape");
    await gone();
    expect(await focused()).toBe("Actions on with the focus");
  }
  await actions.press("Enter");
  await expect.poll(focused).toBe("Pause");
  await page.keyboard.press("Enter");
  await gone();
  await expect.poll(async () => (await dashboard.server.client.jobs.get(id)).state).toBe("paused");
  expect(await focused()).toBe("Actions on with the focus");
  await actions.press("Enter");
  await page.getByRole("menuitem", { name: "Cancel", exact: true }).press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("Actions on with the focus");

  await page.goto(`/jobs/${id}`);
  await page.getByRole("button", { name: "Resume" }).press("Enter");
  await expect.poll(() => page.getByRole("button", { name: "Resume" }).isDisabled()).toBe(true);
  expect(await focused()).toBe("Resume");
  expect(faults).toEqual([]);
});
