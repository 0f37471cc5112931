#!/usr/bin/env node
// Takes pictures of all pages, light and dark, into docs/pictures: `npm run screenshots`. They are those of the tests in the
// browser: real services, real jobs.
import path from "node:path";
import { requireSupportedNode } from "./lib/require-supported-node.mjs";

requireSupportedNode();
const { ROOT, setUpOrExit } = await import("./lib/set-up.mjs");
await setUpOrExit();
const { runTests } = await import("./lib/tests.mjs");
process.env.DRC_PICTURES = path.join(ROOT, "docs/pictures");
const { ok } = await runTests(ROOT, ["apps/dashboard/test", ...process.argv.slice(2)]);
process.exitCode = ok ? 0 : 1;
