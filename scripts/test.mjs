#!/usr/bin/env node
// Sets everything up, then runs all gates and all tests: `npm test`. Arguments go to Vitest: `npm test -- packages/network`
// runs those tests alone, without the gates.
import { requireSupportedNode } from "./lib/require-supported-node.mjs";

requireSupportedNode();
const { ROOT, setUpOrExit } = await import("./lib/set-up.mjs");
await setUpOrExit();
const { runGates } = await import("./lib/gates.mjs");
const { runTests } = await import("./lib/tests.mjs");
const filters = process.argv.slice(2);
const gatesPassed = filters.length > 0 || (await runGates(ROOT));
const { ok, passed, failed } = await runTests(ROOT, filters);
if (!gatesPassed) console.log("A gate failed, see above.");
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = gatesPassed && ok ? 0 : 1;
