#!/usr/bin/env node
// Sets everything up, then runs compressions while parts of the server are killed: `npm run chaos -- --minutes 10 --seed 1`.
import { spawn } from "node:child_process";
import path from "node:path";
import { requireSupportedNode } from "./lib/require-supported-node.mjs";

requireSupportedNode();
const { ROOT, setUpOrExit } = await import("./lib/set-up.mjs");
await setUpOrExit();
const program = [path.join(ROOT, "node_modules/tsx/dist/cli.mjs"), path.join(ROOT, "test/chaos/main.ts")];
spawn(process.execPath, [...program, ...process.argv.slice(2)], { stdio: "inherit" }).on("close", (code) => {
  process.exitCode = code ?? 1;
});
