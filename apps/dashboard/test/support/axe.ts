/** What axe finds wrong with a page. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import process from "node:process";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { inBothColours, takePicture } from "./browser.ts";

const require = createRequire(import.meta.url);

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
 * What axe finds in both colours, as wide as the page is and at the width of a phone; and what is wider than a phone there:
 * the page, or a dialog that is open. The page is as wide as before afterwards.
 *
 * Where `DRC_PICTURES` names a folder, each is kept there as a picture. Pages have plain names (`jobs-light.png`); dialogs,
 * menus and widths of a phone are in its `states`, and are not part of the project.
 */
export async function violationsOf(page: Page, name: string): Promise<string[]> {
  const before = page.viewportSize();
  const found = await inBothColoursAs(page, name);
  await page.setViewportSize({ width: PHONE_WIDTH_PX, height: 800 });
  const widest = `Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll("dialog[open]")]
    .map((one) => one.getBoundingClientRect().left + one.scrollWidth))`;
  await expect.poll(() => page.evaluate(widest)).toBeLessThanOrEqual(PHONE_WIDTH_PX);
  found.push(...(await inBothColoursAs(page, `states/${name.replace("states/", "")}-phone`)));
  if (before) await page.setViewportSize(before);
  return found;
}

async function inBothColoursAs(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for await (const colours of inBothColours(page)) {
    found.push(...(await violations(page)).map((one) => `${name}, ${colours}: ${one}`));
    const { DRC_PICTURES } = process.env;
    if (DRC_PICTURES) await takePicture(page, DRC_PICTURES, `${name}-${colours}`);
  }
  return found;
}
