import path from "node:path";
import { nativeModule } from "./native-module.mjs";
import { runtimeFolder } from "./versions.mjs";

export const OWN_OPERATIONS_HASH = "70fb08a10209";

/** The operations that TensorFlow is slow at. */
export const ownOperations = nativeModule({
  name: "operations",
  sources: "native",
  hash: OWN_OPERATIONS_HASH,
  flags: [
    "-O3",
    "-pthread",
    // A product and a sum in one pass round as in two: the same bits, whether nodes are computed together or not.
    "-ffp-contract=off",
  ],
});

/**
 * Compiles them (some seconds) unless the cache has them. The runtime has to be there.
 *
 * @param {string} compiler
 * @param {import("./versions.mjs").Device} device whose libraries to link to; the result fits both
 * @param {import("@drc/provision").Reporter} report
 */
export async function ensureOwnOperations(compiler, device, report) {
  report.line("Compiling the operations that TensorFlow is slow at");
  await ownOperations.ensure(compiler, [
    `-L${path.join(runtimeFolder(device), "deps", "lib")}`,
    // Found again by its name, because the process has loaded it already.
    "-l:libtensorflow_framework.so.2",
  ]);
}
