/** The Chromium of the browser tests: headless, without root, with nothing to download or to install. */
import path from "node:path";
import process from "node:process";
import { cacheEntry, makeCacheEntry } from "@drc/provision";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";

const CACHE_KEY = "chromium-147.0.0";

/** A renderer of its own for each page, web security as users have it, and WebGL by the processor. */
const ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** Launches the browser that `CHROMIUM_PATH` names, else the one that npm has brought. The caller closes it. */
export async function launchChromium(): Promise<Browser> {
  return playwright.launch({
    executablePath: process.env.CHROMIUM_PATH || (await unpackedChromium()),
    args: ARGUMENTS,
    headless: true,
  });
}

/** The package unpacks into the folder for temporary files, and takes half a file of a killed process for a whole one. */
async function unpackedChromium(): Promise<string> {
  const folder = cacheEntry(CACHE_KEY);
  await makeCacheEntry(folder, async (staging) => {
    const { TMPDIR } = process.env;
    process.env.TMPDIR = staging;
    try {
      await chromium.executablePath();
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
    return {};
  });
  return path.join(folder, "chromium");
}
