#!/usr/bin/env node
// Format, lint, types, forbidden arrows, cycles, dead code: `npm run check`. `npm test` does it too.
import { runGates } from "./lib/gates.mjs";
import { ROOT, setUpOrExit } from "./lib/set-up.mjs";

await setUpOrExit();
process.exitCode = (await runGates(ROOT)) ? 0 : 1;
