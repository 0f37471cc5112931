import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** What the pages are made of, below the checkout's root. */
const SOURCES = [
  "apps/dashboard/index.html",
  "apps/dashboard/vite.config.mjs",
  "apps/dashboard/src",
  "packages/contracts/src",
  "packages/sdk/src",
  "package-lock.json",
  "scripts/lib/dashboard.mjs",
];
const STAMP = ".sources-hash";
/** Smaller files are sent as they are. */
const COMPRESSED_FROM_BYTES = 1024;

/**
 * Builds the pages into apps/dashboard/dist, each file also as brotli and gzip, where what they are made of has changed.
 * The folder is replaced in one step: a server that runs never finds half of it.
 *
 * @param {string} root
 * @param {(line: string) => void} [log] told where there is something to do
 */
export async function buildDashboard(root, log = () => {}) {
  const app = path.join(root, "apps/dashboard");
  const dist = path.join(app, "dist");
  const wanted = await hashOf(root);
  if ((await readFile(path.join(dist, STAMP), "utf8").catch(() => "")) === wanted) return;
  log("dashboard");
  const { build } = await import("vite");
  const fresh = path.join(app, `dist.${process.pid}.partial`);
  const old = `${fresh}.old`;
  try {
    await build({
      root: app,
      configFile: path.join(app, "vite.config.mjs"),
      logLevel: "warn",
      mode: "production",
      build: { outDir: fresh, emptyOutDir: true },
    });
    await compressFiles(path.join(fresh, "assets"));
    await writeFile(path.join(fresh, STAMP), wanted);
    if (existsSync(dist)) await rename(dist, old);
    await rename(fresh, dist);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/** @param {string} root */
async function hashOf(root) {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const file of await filesOf(path.join(root, source))) {
      hash.update(path.relative(root, file)).update(await readFile(file));
    }
  }
  return hash.digest("hex");
}

/** @param {string} place a file, or a folder with all that is in it @returns {Promise<string[]>} */
async function filesOf(place) {
  const entries = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [place];
  return entries
    .filter((entry) => entry.isFile() && !entry.name.includes(".test."))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** @param {string} folder */
async function compressFiles(folder) {
  const files = (await filesOf(folder)).filter((file) => /\.(js|css|svg)$/.test(file));
  await Promise.all(
    files.map(async (file) => {
      const content = await readFile(file);
      if (content.length < COMPRESSED_FROM_BYTES) return;
      const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
      await writeFile(`${file}.br`, await promisify(brotliCompress)(content, { params }));
      await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
    }),
  );
}
