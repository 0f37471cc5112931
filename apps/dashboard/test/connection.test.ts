/** What the pages say and do while the server is away, hangs or refuses; in a real browser. */
import { expect, it } from "vitest";
import { signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";

const dashboard = useDashboard();

it("field case 49: while the server is away nothing can be asked of it, and each button says so", async () => {
  const { page } = dashboard.open;
  await signIn(page, dashboard.server.key, "/keys");
  const create = page.getByRole("button", { name: "Create a key" });
  const save = page.getByRole("dialog").getByRole("button", { name: "Save" });
  await page.getByRole("button", { name: /^Change/ }).click();
  expect([await save.isEnabled(), await create.isEnabled()]).toEqual([true, true]);
  await dashboard.server.killApi();
  await page.getByText(/^Connection lost since/).waitFor();
  for (const button of [save, create, page.getByRole("button", { name: /^Revoke/ })]) {
    expect(await button.isDisabled()).toBe(true);
    expect(await button.getAttribute("aria-describedby")).not.toBeNull();
  }
  await save.focus();
  await page.getByRole("tooltip").getByText("The server does not answer.").waitFor();
  await save.press("Enter");
  expect(await page.getByRole("dialog").getByRole("alert").count()).toBe(0);
  await dashboard.server.startApi();
  await page.getByText(/^Connection lost since/).waitFor({ state: "detached" });
  expect([await save.isEnabled(), await create.isEnabled()]).toEqual([true, true]);
});
