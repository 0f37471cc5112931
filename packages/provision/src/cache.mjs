import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { withLock } from "./lock.mjs";

const MARKER = "complete.json";

/**
 * Where downloaded and built files live: `$DRC_CACHE`, else `$XDG_CACHE_HOME/drc`, else `~/.cache/drc`.
 *
 * @param {NodeJS.ProcessEnv} [env]
 */
export function cacheFolder(env = process.env) {
  if (env.DRC_CACHE) return path.resolve(env.DRC_CACHE);
  // The XDG specification says that a relative value is to be ignored.
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME)) return path.join(env.XDG_CACHE_HOME, "drc");
  return path.join(homedir(), ".cache", "drc");
}

/** @param {string} key @param {NodeJS.ProcessEnv} [env] @returns {string} the folder of one entry */
export function cacheEntry(key, env) {
  return path.join(cacheFolder(env), key);
}

/** @param {string} folder @returns {boolean} whether the entry was made to its end */
export function isComplete(folder) {
  return existsSync(path.join(folder, MARKER));
}

/**
 * Makes a cache entry unless it is there. `build` fills a staging folder next to it, on the same file system; the
 * marker is written last and the folder is then renamed, so that an interruption at any moment leaves either the whole
 * entry or something that the next call throws away. A second process waits for the first.
 *
 * @param {string} folder
 * @param {(staging: string) => Promise<Record<string, unknown>>} build returns what to note in the marker
 * @param {(holderPid: string) => void} [onWait]
 * @returns {Promise<{made: boolean}>}
 */
export async function makeCacheEntry(folder, build, onWait) {
  if (isComplete(folder)) return { made: false };
  return withLock(
    folder,
    async () => {
      if (isComplete(folder)) return { made: false };
      const parent = path.dirname(folder);
      const prefix = `.${path.basename(folder)}.partial-`;
      await mkdir(parent, { recursive: true });
      for (const name of await readdir(parent)) {
        if (name.startsWith(prefix)) await rm(path.join(parent, name), { recursive: true, force: true, maxRetries: 5 });
      }
      const staging = path.join(parent, prefix + randomBytes(4).toString("hex"));
      await mkdir(staging);
      try {
        const notes = await build(staging);
        await writeFile(path.join(staging, MARKER), `${JSON.stringify(notes, null, 2)}\n`);
        await rm(folder, { recursive: true, force: true });
        await rename(staging, folder);
      } catch (error) {
        await rm(staging, { recursive: true, force: true });
        throw error;
      }
      return { made: true };
    },
    onWait,
  );
}
