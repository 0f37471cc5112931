/** Sign-in, navigation, the policy of the page, and what it says while the server is away; in a real browser. */
import { describe, expect, it } from "vitest";
import { violationsOf } from "./support/axe.ts";
import { openPage, signIn } from "./support/browser.ts";
import { useDashboard } from "./support/dashboard.ts";

const dashboard = useDashboard();

describe("the sign-in", () => {
  it("refuses a wrong key in words, and lets a right one in to the page that was wanted", async () => {
    const { page, context, faults } = dashboard.open;
    await page.goto("/webhooks?from=a-link");
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await page.title()).toBe("Sign in – DRC");
    expect(await violationsOf(page, "sign-in")).toEqual([]);
    await page.getByRole("textbox", { name: "API key" }).fill("drc_wrong");
    await page.getByRole("textbox", { name: "API key" }).press("Enter");
    await page.getByRole("alert").getByText("This API key is unknown").waitFor();
    await page.getByRole("textbox", { name: "API key" }).fill(dashboard.server.key);
    await page.getByRole("textbox", { name: "API key" }).press("Enter");
    await page.getByRole("heading", { level: 1, name: "Webhooks" }).waitFor();
    expect(page.url()).toBe(`${dashboard.server.url}/webhooks?from=a-link`);
    expect(await page.content()).not.toContain(dashboard.server.key);
    expect(await context.cookies()).toMatchObject([{ name: "drc_session", httpOnly: true, sameSite: "Strict" }]);
    expect(await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")).not.toContain(
      "drc_",
    );
    expect(faults).toEqual([]);
  });

  it("leads to no other server, whatever the address says", async () => {
    const { page } = dashboard.open;
    for (const to of ["https://evil.example/", "//evil.example", "/\\evil.example"]) {
      await page.goto(`/sign-in?to=${encodeURIComponent(to)}`);
      await page.getByRole("textbox", { name: "API key" }).fill(dashboard.server.key);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      expect(new URL(page.url()).origin).toBe(dashboard.server.url);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("textbox", { name: "API key" }).waitFor();
    }
  });

  it("is asked for again where the session has ended, and goes on where one was", async () => {
    const { page } = dashboard.open;
    await signIn(page, dashboard.server.key, "/jobs?state=failed");
    await dashboard.server.services.database.session.deleteMany();
    await page.getByText("The session has ended").waitFor();
    await page.getByRole("textbox", { name: "API key" }).fill(dashboard.server.key);
    await page.getByRole("textbox", { name: "API key" }).press("Enter");
    await page.getByRole("heading", { level: 1, name: "Jobs" }).waitFor();
    expect(page.url()).toBe(`${dashboard.server.url}/jobs?state=failed`);
  });
});

describe("the page", () => {
  it("is used by keyboard: skip link, navigation, titles", async () => {
    const { page, faults } = dashboard.open;
    await signIn(page, dashboard.server.key);
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    // Nothing has ever run here: the page says what to begin with.
    const steps = page.getByRole("region", { name: "First steps" });
    await steps.getByRole("link", { name: "Make a dataset" }).waitFor();
    expect(await steps.getByRole("link").count()).toBe(4);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("content");
    await page.getByRole("link", { name: "Datasets" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Datasets" }).waitFor();
    expect(await page.title()).toBe("Datasets – DRC");
    expect(await page.getByRole("link", { name: "Datasets" }).getAttribute("aria-current")).toBe("page");
    await page.goto("/no/such/page");
    await page.getByRole("heading", { level: 1, name: "Not found" }).waitFor();
    expect(faults).toEqual([]);
  });

  it("follows the system's colours until somebody chooses", async () => {
    const { page } = dashboard.open;
    await page.emulateMedia({ colorScheme: "dark" });
    await signIn(page, dashboard.server.key);
    const scheme = () => page.evaluate("document.documentElement.dataset.mantineColorScheme");
    expect(await scheme()).toBe("dark");
    await page.emulateMedia({ colorScheme: "light" });
    await page.locator('html[data-mantine-color-scheme="light"]').waitFor();
    await page.getByLabel("Colours").selectOption("dark");
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    expect(await scheme()).toBe("dark");
  });

  it("fits a phone, with the navigation behind a button", async () => {
    const phone = await openPage(dashboard.browser, dashboard.server.url, 375);
    await signIn(phone.page, dashboard.server.key);
    const link = phone.page.getByRole("link", { name: "Models" });
    expect(await link.isVisible()).toBe(false);
    await phone.page.getByRole("button", { name: "Open the navigation" }).click();
    await link.click();
    await phone.page.getByRole("heading", { level: 1, name: "Models" }).waitFor();
    await link.waitFor({ state: "hidden" });
    expect(await violationsOf(phone.page, "states/models-empty")).toEqual([]);
    await phone.context.close();
  });

  it("lets no script in that is not a file of the server", async () => {
    const { page } = dashboard.open;
    await signIn(page, dashboard.server.key);
    const ran = await page.evaluate(`new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
      const script = document.createElement("script");
      script.textContent = "window.broken = true";
      document.body.append(script);
      setTimeout(() => resolve(window.broken), 2000);
    })`);
    expect(ran).toMatch(/^script-src/);
  });
});
