import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cacheEntry, isComplete, makeCacheEntry, runCommand } from "@drc/provision";

const COMMON_FLAGS = ["-std=c++17", "-fPIC", "-shared", "-DNAPI_VERSION=8"];

/**
 * A module of Node in C++, compiled at set-up and kept in the cache. Processors of another kind of the same machine type
 * run it too: what is special to one is chosen when it is loaded.
 *
 * @typedef {object} NativeModule
 * @property {() => string} file where it is, once it is made
 * @property {() => unknown} load what it exports; throws where it is not made yet
 * @property {() => boolean} isReady
 * @property {() => string} sourcesHash of the sources as they are
 * @property {(compiler: string, libraries?: string[]) => Promise<void>} ensure compiles it unless the cache has it
 *
 * @param {object} description
 * @param {string} description.name of the file without its ending
 * @param {string} description.sources the folder of the sources, in this package
 * @param {string} description.hash of sources and flags, by which the module is kept. The bundled programs know this
 *   number and have no sources, so it stands in the code; a test compares the two.
 * @param {string[]} description.flags
 * @returns {NativeModule}
 */
export function nativeModule({ name, sources, hash, flags }) {
  const folderOfSources = new URL(`../../${sources}/`, import.meta.url);
  const allFlags = [...COMMON_FLAGS, ...flags];
  const folder = () =>
    cacheEntry(`${name}-${hash}-${process.platform}-${process.arch}-node${process.versions.modules}`);
  const file = () => path.join(folder(), `${name}.node`);
  const isReady = () => isComplete(folder());

  function load() {
    if (!existsSync(file())) throw new Error(`${file()} is missing: run npm run setup, which compiles it.`);
    return createRequire(import.meta.url)(file());
  }

  function sourcesHash() {
    const sum = createHash("sha256").update(allFlags.join(" "));
    for (const source of readdirSync(folderOfSources).sort()) {
      sum.update(source).update(readFileSync(new URL(source, folderOfSources)));
    }
    return sum.digest("hex").slice(0, 12);
  }

  /**
   * @param {string} compiler
   * @param {string[]} [libraries]
   */
  async function ensure(compiler, libraries = []) {
    if (sourcesHash() !== hash) {
      throw new Error(`packages/tensorflow/${sources} has changed: set its hash to "${sourcesHash()}"`);
    }
    await makeCacheEntry(folder(), async (staging) => {
      const nodeHeaders = path.dirname(createRequire(import.meta.url).resolve("node-api-headers/include/node_api.h"));
      const files = readdirSync(folderOfSources).filter((source) => source.endsWith(".cc"));
      await runCommand(compiler, [
        ...allFlags,
        `-I${nodeHeaders}`,
        ...files.map((source) => fileURLToPath(new URL(source, folderOfSources))),
        ...libraries,
        ...["-o", path.join(staging, `${name}.node`)],
      ]);
      return { sources: hash, node: process.version };
    });
  }

  return { file, isReady, load, sourcesHash, ensure };
}
