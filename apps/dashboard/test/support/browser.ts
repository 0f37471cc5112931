/** A real Chromium, and what tests do in it. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import chromium from "@sparticuz/chromium";
import { type Browser, type BrowserContext, type Page, chromium as playwright } from "playwright-core";
import sharp from "sharp";
import { expect } from "vitest";

chromium.setGraphicsMode = false;

const require = createRequire(import.meta.url);

/** `CHROMIUM_PATH` wins over the one that comes with the packages. */
export async function launchBrowser(): Promise<Browser> {
  const { CHROMIUM_PATH } = process.env;
  const executablePath = CHROMIUM_PATH || (await chromium.executablePath());
  // In a single process the end of one context takes the others with it.
  const args = CHROMIUM_PATH ? ["--no-sandbox"] : chromium.args.filter((arg) => arg !== "--single-process");
  return playwright.launch({ executablePath, args });
}

/** A page of a new session. `faults` is what went wrong in it: errors, refusals of the policy, dialogs. */
export interface TestPage {
  page: Page;
  context: BrowserContext;
  faults: string[];
}

export async function openPage(browser: Browser, url: string, width = 1280): Promise<TestPage> {
  const context = await browser.newContext({ baseURL: url, viewport: { width, height: 800 }, locale: "en-GB" });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Of a request that the server refuses the browser has a line of its own; the page says what it means.
    if (message.type() !== "error" || /^Failed to load resource/.test(message.text())) return;
    faults.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, context, faults };
}

/** Signs in, and goes on to the page. */
export async function signIn(page: Page, key: string, path = "/"): Promise<void> {
  await page.goto(path);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

interface Violation {
  id: string;
  help: string;
  nodes: { target: string[]; failureSummary: string }[];
}

let axe: string | undefined;

/** What axe finds wrong with the page as it is, each with where and why; empty where it finds nothing. */
async function violations(page: Page): Promise<string[]> {
  axe ??= await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(axe);
  const { violations: found } = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as {
    violations: Violation[];
  };
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(" ")}: ${failureSummary}`),
  );
}

const PHONE_WIDTH_PX = 390;

/**
 * The same at the width of a phone, and what is wider than it: the page, or a dialog that is open. The page is as wide as
 * before afterwards.
 */
export async function violationsOnPhone(page: Page, name: string): Promise<string[]> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: PHONE_WIDTH_PX, height: 800 });
  const widest = `Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll("dialog[open]")]
    .map((one) => one.getBoundingClientRect().left + one.scrollWidth))`;
  await expect.poll(() => page.evaluate(widest)).toBeLessThanOrEqual(PHONE_WIDTH_PX);
  const found = await violationsInBothColours(page, `${name}-phone`);
  if (before) await page.setViewportSize(before);
  return found;
}

/**
 * What axe finds in both colours. Where `DRC_PICTURES` names a folder, each is kept there as a picture as well:
 * `name-light.png` and `name-dark.png`.
 */
export async function violationsInBothColours(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
    found.push(...(await violations(page)).map((one) => `${colorScheme}: ${one}`));
    const { DRC_PICTURES } = process.env;
    if (DRC_PICTURES) {
      const file = join(DRC_PICTURES, `${name}-${colorScheme}.png`);
      // A page has few colours: with a palette its picture is a third as large.
      await sharp(await page.screenshot())
        .png({ palette: true, effort: 10 })
        .toFile(file);
    }
  }
  return found;
}
