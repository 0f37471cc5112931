#!/usr/bin/env node
// Bundles the programs into apps/*/dist: `npm run build`. Set-up does it too.
import { buildBundles } from "./lib/bundles.mjs";
import { ROOT } from "./lib/set-up.mjs";

await buildBundles(ROOT);
