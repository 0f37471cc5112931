#!/usr/bin/env node
// Takes pictures of all pages, light and dark, into docs/pictures: `npm run screenshots`. They are those of the tests in the
// browser, with real services and real jobs; a sweep and a comparison are those of examples/ratios.yaml, which takes minutes.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { requireSupportedNode } from "./lib/require-supported-node.mjs";

requireSupportedNode();
const { ROOT, setUpOrExit } = await import("./lib/set-up.mjs");
await setUpOrExit();
const { runTests } = await import("./lib/tests.mjs");
const pictures = path.join(ROOT, "docs/pictures");
process.env.DRC_PICTURES = pictures;
const { ok } = await runTests(ROOT, ["apps/dashboard/test"]);
const sweep =
  ok &&
  spawnSync(
    process.execPath,
    ["--import", "tsx", path.join(ROOT, "apps/dashboard/test/pictures/example-sweep.ts"), pictures],
    { cwd: ROOT, stdio: "inherit" },
  );
process.exitCode = sweep && sweep.status === 0 ? 0 : 1;
