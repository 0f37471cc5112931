/** What the pages say and do while the server is away, hangs or refuses; in a real browser. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { JobDetailResource } from "@drc/contracts";
import type { Page } from "playwright-core";
import { afterEach, describe, expect, it } from "vitest";
import { violationsOf } from "./support/axe.ts";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";

const dashboard = useDashboard();
// A test that fails leaves the server to the next one as it was.
afterEach(async () => {
  dashboard.server.wakeApi();
  await dashboard.server.startApi();
});
const lossOf = (page: Page) => page.getByText(/^Connection lost since \d\d:\d\d:\d\d$/);
const headingOf = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });

/** A job that nobody runs. */
async function makeJob(name: string): Promise<JobDetailResource> {
  const { client } = dashboard.server;
  const { id } = await client.datasets.create({ name });
  await client.datasets.upload(id, [{ name: "none.txt", data: new Uint8Array([1]) }]);
  const { ingestJobId } = await client.datasets.createVersion(id, { scale: 2 });
  return client.jobs.get(ingestJobId);
}

/** A stream sends as many lines as the job says that there are. */
async function writeLog(jobId: string, lines: readonly { line: string; createdAt?: Date }[]): Promise<void> {
  const { database } = dashboard.server.services;
  const { logCount } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
  const data = lines.map((line, i) => ({ jobId, number: logCount + i + 1, ...line }));
  await database.jobLog.createMany({ data });
  await database.job.update({ where: { id: jobId }, data: { logCount: logCount + lines.length } });
}

/** Passes everything on, until it passes on nothing of the connections that are open, and ends none of them. */
async function startProxy(target: string): Promise<{ url: string; silence(): void; stop(): void }> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(new URL(target).port), "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence() {
      for (const socket of open) socket.unpipe().pause();
    },
    stop() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

describe("field case 49: while the server is away", () => {
  it("the page says since when, and heals by itself", async () => {
    const { page } = dashboard.open;
    await signIn(page, dashboard.server.key);
    await headingOf(page, "Overview").waitFor();
    await dashboard.server.killApi();
    await lossOf(page).waitFor();
    expect(await violationsOf(page, "states/connection-lost")).toEqual([]);
    await dashboard.server.startApi();
    await lossOf(page).waitFor({ state: "detached" });
    await headingOf(page, "Overview").waitFor();
  });

  it("nothing can be asked of it, and each button says so", async () => {
    const { page, faults } = dashboard.open;
    await signIn(page, dashboard.server.key, "/keys");
    const create = page.getByRole("button", { name: "Create a key" });
    const save = page.getByRole("dialog").getByRole("button", { name: "Save" });
    await page.getByRole("button", { name: /^Change/ }).click();
    expect([await save.isEnabled(), await create.isEnabled()]).toEqual([true, true]);
    await dashboard.server.killApi();
    await lossOf(page).waitFor();
    const signOut = page.getByRole("button", { name: "Sign out" });
    for (const button of [save, create, signOut, page.getByRole("button", { name: /^Revoke/ })]) {
      expect(await button.isDisabled()).toBe(true);
      expect(await button.getAttribute("aria-describedby")).not.toBeNull();
    }
    await save.focus();
    await page.getByRole("tooltip").getByText("The server does not answer.").waitFor();
    await save.press("Enter");
    expect(await page.getByRole("dialog").getByRole("alert").count()).toBe(0);
    await dashboard.server.startApi();
    await lossOf(page).waitFor({ state: "detached" });
    expect([await save.isEnabled(), await create.isEnabled()]).toEqual([true, true]);
    expect(faults).toEqual([]);
  });

  it("a sign-out that nobody answers says that one is still signed in", async () => {
    const { page, faults } = dashboard.open;
    await signIn(page, dashboard.server.key);
    await headingOf(page, "Overview").waitFor();
    const signOut = page.getByRole("button", { name: "Sign out" });
    await page.route("**/v1/session", (route) => route.abort());
    await signOut.click();
    await page.getByRole("dialog", { name: "You are still signed in" }).getByRole("alert").waitFor();
    await page.unroute("**/v1/session");
    expect(faults).toEqual([]);
  });

  it("a page that is pointed at changes nothing, and one that is opened is loaded when the server is back", async () => {
    const { page, faults } = dashboard.open;
    await signIn(page, dashboard.server.key);
    await headingOf(page, "Overview").waitFor();
    let loads = 0;
    page.on("load", () => loads++);
    await dashboard.server.killApi();
    await lossOf(page).waitFor();
    await page.getByRole("link", { name: "Sweeps" }).hover();
    await page.getByRole("link", { name: "Sweeps" }).click();
    await page.getByText("This page is loaded when it does again.").waitFor();
    await dashboard.server.startApi();
    await headingOf(page, "Sweeps").waitFor();
    expect(loads).toBe(0);
    // What failed before the page has noticed it.
    const files = "**/assets/keys-page-*.js";
    const failed = page.waitForEvent("requestfailed", (request) => request.url().includes("keys-page"));
    await page.route(files, (route) => route.abort());
    await page.getByRole("link", { name: "Keys" }).hover();
    await failed;
    await page.unroute(files);
    await dashboard.server.killApi();
    await lossOf(page).waitFor();
    await headingOf(page, "Sweeps").waitFor();
    expect(loads).toBe(0);
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByText("This page is loaded when it does again.").waitFor();
    await dashboard.server.startApi();
    await headingOf(page, "Keys").waitFor();
    expect(new URL(page.url()).pathname).toBe("/keys");
    expect(faults).toEqual([]);
  });
});

it("loads everything again once where the files of a page are gone, and then says so", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key);
  await headingOf(page, "Overview").waitFor();
  let loads = 0;
  page.on("load", () => loads++);
  const files = "**/assets/models-page-*.js";
  await page.route(files, (route) => route.fulfill({ status: 404 }));
  await page.getByRole("link", { name: "Models" }).click();
  await headingOf(page, "This page could not be loaded").waitFor();
  expect(loads).toBe(1);
  await page.unroute(files);
  await page.getByRole("button", { name: "Load everything again" }).click();
  await headingOf(page, "Models").waitFor();
  expect(faults).toEqual([]);
});

describe("field case 49: a server that hangs", () => {
  it("is noticed within 15 s, and what was sent to it is not lost", async () => {
    const { page, faults } = dashboard.open;
    await signIn(page, dashboard.server.key, "/datasets");
    await page.getByLabel("Name").first().fill("made while the server hung");
    const hungAtMs = Date.now();
    dashboard.server.hangApi();
    await page.getByRole("button", { name: "Create" }).click();
    await lossOf(page).waitFor();
    expect(Date.now() - hungAtMs).toBeLessThan(15_000);
    dashboard.server.wakeApi();
    await lossOf(page).waitFor({ state: "detached" });
    await headingOf(page, "made while the server hung").waitFor();
    expect(faults).toEqual([]);
  });

  it("does not keep what is read waiting for ever", async () => {
    const { page } = dashboard.open;
    await signIn(page, dashboard.server.key);
    await headingOf(page, "Overview").waitFor();
    const hungAtMs = Date.now();
    dashboard.server.hangApi();
    const ended = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/v1/overview"));
    await lossOf(page).waitFor();
    await ended;
    expect(Date.now() - hungAtMs).toBeLessThan(16_000);
    dashboard.server.wakeApi();
    await lossOf(page).waitFor({ state: "detached" });
  });
});

describe("what the server refuses", () => {
  it("field case 49: of a record that is gone, the page says since when it is not read", async () => {
    const { page } = dashboard.open;
    const url = "http://127.0.0.1:9/soon-gone";
    const { id } = await dashboard.server.client.webhooks.create({ url, events: [] });
    await signIn(page, dashboard.server.key, `/webhooks/${id}`);
    await headingOf(page, url).waitFor();
    await dashboard.server.client.webhooks.delete(id);
    await page.getByText(/^Not read again since/).waitFor();
    await page.getByText(`There is no webhook ${id}`).waitFor();
  });

  it("503 of another reason than an outage is no loss of the connection", async () => {
    const { page } = dashboard.open;
    await signIn(page, dashboard.server.key, "/webhooks");
    await dashboard.server.killApi();
    await dashboard.server.startApi({ DRC_SECRET_KEY: "" });
    await page.reload();
    await page.getByRole("button", { name: "Add a webhook" }).click();
    await page.getByLabel("URL").fill("https://example.org/hook");
    await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
    await page.getByRole("alert").getByText("The server has no key for webhooks").waitFor();
    expect(await lossOf(page).count()).toBe(0);
    await dashboard.server.killApi();
    await dashboard.server.startApi();
  });

  it("for too many requests: the page says so, and goes on when it may", async () => {
    const { page, faults } = dashboard.open;
    const { client } = dashboard.server;
    const job = await makeJob("too many requests");
    await writeLog(job.id, [{ line: "the first line" }]);
    const { id, key } = await client.keys.create({
      name: "few requests",
      scopes: ["submit"],
      limits: { requestsPerMinute: 12 },
    });
    await signIn(page, key ?? "", `/jobs/${job.id}`);
    await page.getByText("the first line").waitFor();
    const refused = page.getByText(/^Not read again since/);
    await refused.waitFor({ timeout: 40_000 });
    await page.getByText(/may send 12 requests a minute/).waitFor();
    expect(await violationsOf(page, "states/too-many-requests")).toEqual([]);
    // A stream that is asked for only now is refused too: it says so, and is asked for again.
    await setHidden(page, true);
    await writeLog(job.id, [{ line: "the second line" }]);
    await setHidden(page, false);
    await page.getByText("Its log, curves and events cannot be read now").waitFor();
    await client.keys.change(id, { limits: { requestsPerMinute: null } });
    await page.getByText("the second line").waitFor();
    await refused.waitFor({ state: "detached" });
    expect(await page.getByText("cannot be read now").count()).toBe(0);
    expect(faults).toEqual([]);
  });
});

/** What a browser tells a page in a tab that is left or looked at again. */
async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, "hidden", { configurable: true, get: () => ${isHidden} });
    document.dispatchEvent(new Event("visibilitychange"));
  `);
}

describe("the stream of a job", () => {
  it("leaves the browser's six connections to the tabs that are looked at", async () => {
    const { page, context } = dashboard.open;
    const { id } = await makeJob("in many tabs");
    await writeLog(id, [{ line: "seen in each tab" }]);
    await signIn(page, dashboard.server.key, `/jobs/${id}`);
    await page.getByText("seen in each tab").waitFor();
    await setHidden(page, true);
    for (let tab = 2; tab <= 7; tab++) {
      const another = await context.newPage();
      await another.goto(`/jobs/${id}`);
      await another.getByText("seen in each tab").waitFor();
      if (tab < 7) await setHidden(another, true);
    }
    await writeLog(id, [{ line: "written meanwhile" }]);
    await setHidden(page, false);
    await page.getByText("written meanwhile").waitFor();
    await page.getByText("2 lines").waitFor();
  });

  it("is asked for again where its connection has died without a word, and goes on after the last line", async () => {
    const { page } = dashboard.open;
    const proxy = await startProxy(dashboard.server.url);
    try {
      const { id } = await makeJob("through a proxy");
      await writeLog(id, [{ line: "before" }]);
      await signIn(page, dashboard.server.key, `${proxy.url}/jobs/${id}`);
      await page.getByText("before").waitFor();
      proxy.silence();
      await writeLog(id, [{ line: "afterwards" }]);
      await page.getByText("afterwards").waitFor({ timeout: 60_000 });
      await page.getByText("2 lines").waitFor();
    } finally {
      proxy.stop();
    }
  }, 120_000);

  it("asks for the job once for many events", async () => {
    const { page } = dashboard.open;
    const { database } = dashboard.server.services;
    const { id } = await makeJob("many events");
    const { eventCount } = await database.job.findUniqueOrThrow({ where: { id } });
    const numbers = Array.from({ length: 150 }, (_, i) => eventCount + i + 1);
    await database.jobEvent.createMany({
      data: numbers.map((number) => ({ jobId: id, number, type: "test", data: {} })),
    });
    await database.job.update({ where: { id }, data: { eventCount: eventCount + 150 } });
    let questions = 0;
    page.on("request", (request) => {
      if (request.url().endsWith(`/v1/jobs/${id}`)) questions++;
    });
    await signIn(page, dashboard.server.key, `/jobs/${id}`);
    await page.getByRole("tab", { name: `Events (${eventCount + 150})` }).waitFor();
    expect(questions).toBeLessThan(10);
  });

  it("dates lines of another day", async () => {
    const { page } = dashboard.open;
    const { id } = await makeJob("over night");
    const yesterday = new Date(Date.now() - 86_400_000);
    await writeLog(id, [{ line: "in the evening", createdAt: yesterday }, { line: "in the morning" }]);
    await signIn(page, dashboard.server.key, `/jobs/${id}`);
    await page.getByText("in the morning").waitFor();
    const text = await page.getByRole("group", { name: "Log" }).textContent();
    expect(text).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}in the evening\n\d\d:\d\d:\d\d {2}in the morning$/);
  });
});

it("says how long ago something was by the server's clock", async () => {
  const { page } = dashboard.open;
  await page.addInitScript(`{
    const now = Date.now;
    Date.now = () => now() + 7_200_000;
  }`);
  const { id } = await makeJob("just now");
  await signIn(page, dashboard.server.key, `/jobs/${id}`);
  await page
    .locator("dd")
    .getByText(/^just now$|^\d+ s ago$/)
    .waitFor();
});
