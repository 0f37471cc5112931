/** A real Chromium, and what tests do in it. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import chromium from "@sparticuz/chromium";
import { type Browser, type BrowserContext, type Page, chromium as playwright } from "playwright-core";
import sharp from "sharp";

chromium.setGraphicsMode = false;

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

/** The page in each of its colours, without motion, in turn. */
export async function* inBothColours(page: Page): AsyncGenerator<"dark" | "light"> {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
    yield colorScheme;
  }
}

/** What the page looks like now, as `name.png` in the folder; `name` may have folders of its own. */
export async function takePicture(page: Page, folder: string, name: string): Promise<void> {
  const file = join(folder, `${name}.png`);
  await mkdir(dirname(file), { recursive: true });
  // A page has few colours: with a palette its picture is a third as large.
  await sharp(await page.screenshot())
    .png({ palette: true, effort: 10 })
    .toFile(file);
}
