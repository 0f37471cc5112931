#!/usr/bin/env node
// The command `drc`: runs the bundle that set-up makes.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unsupportedNode } from "../../../packages/provision/src/node-version.mjs";

const bundle = new URL("../dist/drc.js", import.meta.url);
const problem =
  unsupportedNode(process.versions.node) ??
  (existsSync(fileURLToPath(bundle)) ? undefined : "drc is not set up yet: run `npm run setup` in the checkout first");
if (problem) {
  console.error(problem);
  process.exit(1);
}
await import(bundle.href);
