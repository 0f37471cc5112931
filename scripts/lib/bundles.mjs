import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";

/**
 * Programs that run without TypeScript's loader, which would cost each start and each job's process 0.3 s; and the client
 * library as one file of JavaScript.
 */
const BUNDLES = {
  "apps/api/dist/main": "apps/api/src/main.ts",
  "apps/api/dist/convert-model": "apps/api/src/exports/convert-model.ts",
  "apps/worker/dist/main": "apps/worker/src/main.ts",
  "apps/worker/dist/job-process": "apps/worker/src/job-process.ts",
  "apps/cli/dist/drc": "apps/cli/src/main.ts",
  "apps/cli/dist/bench": "apps/cli/src/bench/main.ts",
  "apps/cli/dist/bare-server": "apps/cli/src/bench/bare-server.ts",
  "packages/sdk/dist/drc-sdk": "packages/sdk/src/index.ts",
};

/**
 * Bundles our packages into each program; npm's stay outside. Only files whose content changed are written, each in one
 * step, so that a program that runs can go on forking from them.
 *
 * @param {string} root
 */
export async function buildBundles(root) {
  const entryPoints = Object.fromEntries(
    Object.entries(BUNDLES).filter(([, source]) => existsSync(path.join(root, source))),
  );
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: ".",
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: true,
    sourcesContent: false,
    logLevel: "warning",
    plugins: [
      {
        name: "npm-packages-stay-outside",
        setup(bundler) {
          bundler.onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) =>
            kind === "entry-point" || name.startsWith("@drc/") ? undefined : { path: name, external: true },
          );
        },
      },
    ],
  });
  for (const { path: file, contents } of outputFiles) {
    const present = await readFile(file).catch(() => undefined);
    if (present?.equals(contents)) continue;
    await mkdir(path.dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.partial`;
    await writeFile(temporary, contents);
    await rename(temporary, file);
  }
}
