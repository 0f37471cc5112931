import { unsupportedNode } from "../../packages/provision/src/node-version.mjs";

/** Ends the process with one line when this Node cannot run the product. */
export function requireSupportedNode() {
  const problem = unsupportedNode(process.versions.node);
  if (!problem) return;
  console.error(problem);
  process.exit(1);
}
