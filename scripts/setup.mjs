#!/usr/bin/env node
// Sets everything up: `npm run setup`. It runs before any package is installed, so it uses none.
import { requireSupportedNode } from "./lib/require-supported-node.mjs";

requireSupportedNode();
// Imported afterwards: an old Node would fail on these files with an error that says nothing to a user.
const { setUpOrExit } = await import("./lib/set-up.mjs");
await setUpOrExit();
