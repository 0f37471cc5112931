#!/usr/bin/env node
// Sets everything up, then runs `drc demo` with the arguments given: `npm run demo -- --seed 2`.
import { requireSupportedNode } from "./lib/require-supported-node.mjs";

requireSupportedNode();
const { ROOT, setUpOrExit } = await import("./lib/set-up.mjs");
await setUpOrExit();
// In this process: signals then reach the program itself, and no wrapper can die and leave it behind.
const program = `${ROOT}/apps/cli/bin/drc.mjs`;
process.argv = [process.execPath, program, "demo", ...process.argv.slice(2)];
await import(program);
