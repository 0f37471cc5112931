#!/usr/bin/env node
// Sets everything up, then measures the numeric core: `npm run bench -- --case small-step --threads 2`.
import { requireSupportedNode } from "./lib/require-supported-node.mjs";

requireSupportedNode();
const { ROOT, setUpOrExit } = await import("./lib/set-up.mjs");
await setUpOrExit();
const program = `${ROOT}/apps/cli/dist/bench.js`;
process.argv = [process.execPath, program, ...process.argv.slice(2)];
await import(program);
