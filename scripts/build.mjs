#!/usr/bin/env node
// Bundles the programs and the pages into apps/*/dist: `npm run build`. Set-up does it too.
import { buildBundles } from "./lib/bundles.mjs";
import { buildDashboard } from "./lib/dashboard.mjs";
import { ROOT } from "./lib/set-up.mjs";

await buildBundles(ROOT);
await buildDashboard(ROOT);
