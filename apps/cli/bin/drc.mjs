#!/usr/bin/env node
// The command `drc`: runs the bundle that set-up makes.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NOT_SET_UP = "drc is not set up yet: run `npm run setup` in the checkout first";
const bundle = new URL("../dist/drc.js", import.meta.url);
const { unsupportedNode } = await import("@drc/provision").catch(() => ({ unsupportedNode: () => NOT_SET_UP }));
const problem = unsupportedNode(process.versions.node) ?? (existsSync(fileURLToPath(bundle)) ? undefined : NOT_SET_UP);
if (problem) {
  console.error(problem);
  process.exit(1);
}
await import(bundle.href);
