/** What a browser has to load before anything is to be seen, as the built files are. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { buildDashboard } from "../../../scripts/lib/dashboard.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DIST = new URL("../dist/", import.meta.url);
const BUDGET_BYTES = 300_000;

interface Chunk {
  file: string;
  isEntry?: boolean;
  imports?: string[];
}

beforeAll(() => buildDashboard(ROOT));

it("is under 300 KB of script, compressed", async () => {
  const manifest: Record<string, Chunk> = JSON.parse(await readFile(new URL(".vite/manifest.json", DIST), "utf8"));
  const wanted = new Set<string>();
  const add = (name: string) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const imported of manifest[name].imports ?? []) add(imported);
  };
  for (const [name, { isEntry }] of Object.entries(manifest)) if (isEntry) add(name);
  const sizes = await Promise.all(
    [...wanted].map(async (name) => gzipSync(await readFile(new URL(manifest[name].file, DIST))).length),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(BUDGET_BYTES);
});
