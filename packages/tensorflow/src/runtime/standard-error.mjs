import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cacheEntry, isComplete, makeCacheEntry, runCommand } from "@drc/provision";

/** The source's hash, which stands here for the same reason as that of our own operations. */
const SOURCE_HASH = "4f746aaa9d3e";

const SOURCE = new URL("../../native-output/standard-error.cc", import.meta.url);

/** @returns {string} the module that puts standard error aside, once it is made */
export function standardErrorFile() {
  return path.join(folder(), "standard-error.node");
}

export function isStandardErrorReady() {
  return isComplete(folder());
}

/** @returns {string} */
export function hashOfStandardError() {
  return createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 12);
}

/**
 * Compiles it unless the cache has it.
 *
 * @param {string} compiler
 */
export async function ensureStandardError(compiler) {
  if (hashOfStandardError() !== SOURCE_HASH) {
    throw new Error(`packages/tensorflow/native-output has changed: set SOURCE_HASH to "${hashOfStandardError()}"`);
  }
  await makeCacheEntry(folder(), async (staging) => {
    const nodeHeaders = path.dirname(createRequire(import.meta.url).resolve("node-api-headers/include/node_api.h"));
    await runCommand(compiler, [
      ...["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8"],
      `-I${nodeHeaders}`,
      fileURLToPath(SOURCE),
      ...["-o", path.join(staging, "standard-error.node")],
    ]);
    return { source: SOURCE_HASH, node: process.version };
  });
}

function folder() {
  return cacheEntry(
    `standard-error-${SOURCE_HASH}-${process.platform}-${process.arch}-node${process.versions.modules}`,
  );
}
