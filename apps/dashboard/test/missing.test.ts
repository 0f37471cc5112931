/** Pages of what is not there, and what is said of a button that cannot be pressed. */
import { newId } from "@drc/contracts";
import { expect, it } from "vitest";
import { violationsOf } from "./support/axe.ts";
import { openPage, signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";

const dashboard = useDashboard();

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
