import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cacheEntry, isComplete, makeCacheEntry, runCommand } from "@drc/provision";
import { runtimeFolder } from "./versions.mjs";

const FLAGS = [
  ...["-std=c++17", "-O3", "-fPIC", "-shared", "-pthread", "-DNAPI_VERSION=8"],
  // A product and a sum in one pass round as in two: the same bits, whether nodes are computed together or not.
  "-ffp-contract=off",
];

/**
 * The hash of the sources and the flags, by which the library is kept in the cache. The bundled programs know this number and have no
 * sources, so it stands here; a test compares the two.
 */
const SOURCES_HASH = "a14feb1872e0";

const SOURCES = new URL("../../native/", import.meta.url);

/** @returns {string} the file to load, once it is made */
export function ownOperationsFile() {
  return path.join(folder(), "operations.node");
}

export function areOwnOperationsReady() {
  return isComplete(folder());
}

/** @returns {string} */
export function hashOfSources() {
  const hash = createHash("sha256").update(FLAGS.join(" "));
  for (const name of readdirSync(SOURCES).sort()) hash.update(name).update(readFileSync(new URL(name, SOURCES)));
  return hash.digest("hex").slice(0, 12);
}

/**
 * Compiles our own operations (some seconds) unless the cache has them. The runtime has to be there.
 *
 * @param {string} compiler
 * @param {import("./versions.mjs").Device} device whose libraries to link to; the result fits both
 * @param {import("@drc/provision").Reporter} report
 */
export async function ensureOwnOperations(compiler, device, report) {
  if (hashOfSources() !== SOURCES_HASH) {
    throw new Error(`packages/tensorflow/native has changed: set SOURCES_HASH to "${hashOfSources()}"`);
  }
  await makeCacheEntry(folder(), async (staging) => {
    report.line("Compiling the operations that TensorFlow is slow at");
    const nodeHeaders = path.dirname(createRequire(import.meta.url).resolve("node-api-headers/include/node_api.h"));
    const sources = readdirSync(SOURCES).filter((name) => name.endsWith(".cc"));
    await runCommand(compiler, [
      ...FLAGS,
      `-I${nodeHeaders}`,
      ...sources.map((name) => fileURLToPath(new URL(name, SOURCES))),
      // Found again by its name, because the process has loaded it already.
      `-L${path.join(runtimeFolder(device), "deps", "lib")}`,
      "-l:libtensorflow_framework.so.2",
      ...["-o", path.join(staging, "operations.node")],
    ]);
    return { sources: SOURCES_HASH, node: process.version };
  });
}

/** Processors of another kind of the same machine type run it too: what is special to one is chosen when it is loaded. */
function folder() {
  return cacheEntry(`operations-${SOURCES_HASH}-${process.platform}-${process.arch}-node${process.versions.modules}`);
}
