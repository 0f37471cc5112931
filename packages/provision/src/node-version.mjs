/**
 * Imports nothing, so that any Node that knows modules can run it.
 *
 * @param {string} version such as `process.versions.node`
 * @returns {string | undefined} one line that says what to install, when this Node cannot run the product
 */
export function unsupportedNode(version) {
  const major = Number(version.split(".")[0]);
  if (major >= 20 && major < 23) return undefined;
  const reason = major >= 23 ? "TensorFlow.js 4.22 does not work on Node 23 and later" : "it is too old";
  return `Node ${version} is not supported (${reason}): install Node 20 or 22`;
}
