import path from "node:path";
import { fileURLToPath } from "node:url";
import { createReporter, SetupError, stopCommandsOnSignal, withLock } from "../../packages/provision/src/index.mjs";
import { ensureNpmPackages } from "./npm-packages.mjs";
import { ensurePrismaClient } from "./prisma-client.mjs";

/** The checkout's root. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/**
 * Brings this checkout to the state in which everything runs: npm packages, native TensorFlow, servers, Prisma client,
 * bundles, pages. Each step looks first whether it has anything to do, so repeating it is quick and an interrupted one is
 * simply continued. One process at a time works on a checkout; others wait.
 */
export async function setUp() {
  const report = createReporter();
  const startMs = Date.now();
  await withLock(
    ROOT,
    async (lock) => {
      await ensureNpmPackages(ROOT, report, lock);
      // These use packages, so they can be imported only now.
      const { ensureRuntime, isRuntimeReady, runtimeDevice } = await import(
        "../../packages/tensorflow/src/runtime/index.mjs"
      );
      const { areProgramsReady, ensurePrograms } = await import("../../packages/services/src/programs.mjs");
      const { buildBundles } = await import("./bundles.mjs");
      const { buildDashboard } = await import("./dashboard.mjs");
      const device = runtimeDevice(process.env.DRC_DEVICE);
      if (!isRuntimeReady(device)) await ensureRuntime({ device, report });
      if (!areProgramsReady()) await ensurePrograms(report);
      await ensurePrismaClient(ROOT, report, lock);
      await buildBundles(ROOT);
      await buildDashboard(ROOT, (line) => report.line(line));
    },
    (pid) => report.line(`Process ${pid} is setting this checkout up, waiting for it`),
  );
  const seconds = (Date.now() - startMs) / 1000;
  if (seconds > 2) report.line(`Set up in ${seconds.toFixed(0)} s`);
}

/** `setUp`, for a script: what the user has to do is said in one line, anything else with its stack. */
export async function setUpOrExit() {
  const release = stopCommandsOnSignal();
  try {
    await setUp();
  } catch (error) {
    console.error(error instanceof SetupError ? `Set-up stopped: ${error.message}` : error);
    process.exit(1);
  } finally {
    release();
  }
}
