/** The page of keys in a real browser. */
import { DrcClient } from "@drc/sdk";
import { expect, it } from "vitest";
import { violationsOf } from "./support/axe.ts";
import { openPage, signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";

const MARKUP = "<b onclick=alert(1)>nightly</b>";

const dashboard = useDashboard();

it("creates a key with scope, expiry and limits, shows it once, and revokes it", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/keys");
  await page.getByRole("button", { name: "Create a key" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill(MARKUP);
  await dialog.getByRole("radio", { name: /^read:/ }).check();
  await dialog.getByRole("combobox", { name: "Expires" }).selectOption("30");
  await dialog.getByRole("textbox", { name: "Unfinished jobs at most" }).fill("5");
  await dialog.getByRole("textbox", { name: "Stored at most, GB" }).fill("1.5");
  expect(await violationsOf(page, "states/key-form")).toEqual([]);
  await dialog.getByRole("button", { name: "Create" }).click();
  const key = await dialog.getByRole("textbox", { name: "API key" }).inputValue();
  expect(await violationsOf(page, "states/key-secret")).toEqual([]);
  const client = new DrcClient({ url: dashboard.server.url, key });
  const { id, scopes, limits, expiresAt } = await client.keys.own();
  expect({ scopes, limits }).toEqual({
    scopes: ["read"],
    limits: { queuedJobs: 5, storedBytes: 1_500_000_000, requestsPerMinute: null },
  });
  expect((Date.parse(expiresAt ?? "") - Date.now()) / 86_400_000).toBeCloseTo(30, 1);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await expect.poll(async () => (await page.content()).includes(key)).toBe(false);

  const row = page.getByRole("row").filter({ hasText: MARKUP });
  await row.getByText("5 unfinished jobs").waitFor();
  await row.getByText("1.50 GB").waitFor();
  expect(await violationsOf(page, "keys")).toEqual([]);

  await row.getByRole("button", { name: `Change ${MARKUP}` }).press("Enter");
  expect(await dialog.getByRole("textbox", { name: "Stored at most, GB" }).inputValue()).toBe("1.5");
  await dialog.getByRole("radio", { name: /^submit:/ }).check();
  await dialog.getByRole("textbox", { name: "Unfinished jobs at most" }).fill("");
  await dialog.getByRole("textbox", { name: "Requests a minute at most" }).fill("60");
  await dialog.getByRole("button", { name: "Save" }).click();
  await row.getByText("60 requests a minute").waitFor();
  expect(await dashboard.server.client.keys.get(id)).toMatchObject({
    scopes: ["submit"],
    limits: { queuedJobs: null, storedBytes: 1_500_000_000, requestsPerMinute: 60 },
    expiresAt,
  });
  await row.getByRole("button", { name: `Revoke ${MARKUP}` }).press("Enter");
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await row.waitFor({ state: "detached" });
  await page.getByRole("checkbox", { name: "Show expired and revoked ones" }).check();
  await row.getByText("revoked").waitFor();
  expect((await dashboard.server.client.keys.get(id)).state).toBe("revoked");
  expect(faults).toEqual([]);
});

it("leaves limits as they are, to the byte, where another field is changed", async () => {
  const { page, faults } = dashboard.open;
  const limits = { queuedJobs: 5, storedBytes: 1_234_567, requestsPerMinute: null };
  const { id } = await dashboard.server.client.keys.create({ name: "to the byte", scopes: ["read"], limits });
  await signIn(page, dashboard.server.key, "/keys");
  await page.getByRole("button", { name: "Change to the byte" }).click();
  const dialog = page.getByRole("dialog");
  expect(await dialog.getByRole("textbox", { name: "Stored at most, GB" }).inputValue()).toBe("0.001234567");
  await dialog.getByRole("textbox", { name: "Name" }).fill("renamed");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Change renamed" }).waitFor();
  expect(await dashboard.server.client.keys.get(id)).toMatchObject({ name: "renamed", limits });
  await dashboard.server.client.keys.revoke(id);
  expect(faults).toEqual([]);
});

it("keeps a limit that was typed with a zero at its end and sent with Enter", async () => {
  const { page, faults } = dashboard.open;
  await signIn(page, dashboard.server.key, "/keys");
  await page.getByRole("button", { name: "Create a key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).pressSequentially("two gigabytes");
  const stored = dialog.getByRole("textbox", { name: "Stored at most, GB" });
  await stored.pressSequentially("-");
  expect(await dialog.getByRole("button", { name: "Create" }).isDisabled()).toBe(true);
  await stored.press("Backspace");
  await stored.pressSequentially("2.0");
  await stored.press("Enter");
  await dialog.getByRole("textbox", { name: "API key" }).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  const { items } = await dashboard.server.client.keys.page();
  const made = items.find(({ name }) => name === "two gigabytes");
  expect(made?.limits).toEqual({ queuedJobs: null, storedBytes: 2_000_000_000, requestsPerMinute: null });
  await dashboard.server.client.keys.revoke(made?.id ?? "");
  expect(faults).toEqual([]);
});

it("has room for what is long, on a phone too", async () => {
  const { page, faults } = dashboard.open;
  const name = `${MARKUP} ${"long".repeat(20)}`;
  const { id } = await dashboard.server.client.keys.create({
    name,
    scopes: ["read"],
    limits: { queuedJobs: 5, storedBytes: 1_500_000_000, requestsPerMinute: 600 },
  });
  await signIn(page, dashboard.server.key, "/keys");
  await page.getByRole("region", { name: "All keys" }).getByText(name).waitFor();
  expect(await violationsOf(page, "states/keys-long")).toEqual([]);
  await page.getByRole("button", { name: `Revoke ${name}` }).click();
  expect(await violationsOf(page, "states/key-revoke")).toEqual([]);
  await page.getByRole("button", { name: "Leave it" }).click();
  await dashboard.server.client.keys.revoke(id);
  expect(faults).toEqual([]);
});

it("says why the last admin key stays, and shows a key without the scope its own alone", async () => {
  const { page } = dashboard.open;
  await signIn(page, dashboard.server.key, "/keys");
  await page.getByRole("button", { name: /^Revoke/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("alert").waitFor();

  const { key } = await dashboard.server.client.keys.create({ name: "reader", scopes: ["read"] });
  const reader = await openPage(dashboard.browser, dashboard.server.url, 390);
  await signIn(reader.page, key ?? "", "/keys");
  await reader.page.getByRole("region", { name: "The key of this session" }).getByText("reader").waitFor();
  expect(await reader.page.getByRole("heading", { level: 2, name: "All keys" }).count()).toBe(0);
  expect(await reader.page.getByRole("button", { name: "Create a key" }).isDisabled()).toBe(true);
  expect(await reader.page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  await reader.context.close();
});
