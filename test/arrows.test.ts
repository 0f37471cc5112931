/** Each rule of `.dependency-cruiser.mjs` forbids what it says: a small project breaks every one of them once. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import rules from "../.dependency-cruiser.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const CONFIG = join(ROOT, ".dependency-cruiser.mjs");
const PROGRAM = join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "drc-arrows-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** A workspace whose package declares what it depends on, and an index that imports just that. */
function writeWorkspace(path: string, dependencies: string[]): void {
  const name = `@drc/${path.split("/")[1]}`;
  const versions = Object.fromEntries(dependencies.map((dependency) => [dependency, "1.0.0"]));
  const manifest = { name, version: "1.0.0", type: "module", exports: { ".": "./src/index.ts" } };
  write(`${path}/package.json`, JSON.stringify({ ...manifest, dependencies: versions }));
  const imports = dependencies.map((dependency) => `import ${JSON.stringify(dependency)};\n`);
  write(`${path}/src/index.ts`, `${imports.join("")}export const name = ${JSON.stringify(name)};\n`);
  mkdirSync(join(folder, "node_modules/@drc"), { recursive: true });
  symlinkSync(join(folder, path), join(folder, "node_modules", name));
}

/** The project's packages and apps, with arrows that are allowed. */
function writeProject(): void {
  write("tsconfig.json", JSON.stringify({ compilerOptions: { module: "ESNext", moduleResolution: "bundler" } }));
  write("package.json", JSON.stringify({ name: "project", type: "module" }));
  for (const name of ["bullmq", "ioredis", "undeclared"]) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", main: "index.js" }));
    write(`node_modules/${name}/index.js`, "");
  }
  writeWorkspace("packages/provision", []);
  writeWorkspace("packages/contracts", []);
  writeWorkspace("packages/network", []);
  writeWorkspace("packages/storage", []);
  writeWorkspace("packages/imaging", ["@drc/network"]);
  writeWorkspace("packages/tensorflow", ["@drc/network", "@drc/imaging", "@drc/provision"]);
  writeWorkspace("packages/compression", ["@drc/tensorflow", "@drc/imaging", "@drc/network"]);
  writeWorkspace("packages/database", ["@drc/contracts"]);
  writeWorkspace("packages/queue", ["@drc/contracts", "bullmq", "ioredis"]);
  writeWorkspace("packages/services", ["@drc/storage", "@drc/provision"]);
  writeWorkspace("packages/webhooks", ["@drc/contracts"]);
  writeWorkspace("packages/sdk", ["@drc/contracts"]);
  writeWorkspace("packages/logging", []);
  writeWorkspace("packages/tracing", []);
  writeWorkspace("apps/dashboard", ["@drc/contracts", "@drc/sdk"]);
  writeWorkspace("apps/api", ["@drc/contracts", "@drc/database", "@drc/queue", "@drc/storage", "@drc/webhooks"]);
  writeWorkspace("apps/worker", ["@drc/compression", "@drc/tensorflow", "@drc/database", "@drc/queue"]);
}

/** @returns each violation as `rule: from → to`, sorted, as the gate finds them */
async function violations(): Promise<string[]> {
  const args = [PROGRAM, "--config", CONFIG, "--output-type", "json", "apps", "packages"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 64 * 2 ** 20 });
  const found: { rule: { name: string; severity: string }; from: string; to: string }[] =
    JSON.parse(stdout).summary.violations;
  expect(found.filter(({ rule }) => rule.severity !== "error")).toEqual([]);
  return found.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`).sort();
}

/** What each package must not import, though it is declared. */
const ARROWS = {
  provision: "@drc/storage",
  contracts: "@drc/network",
  network: "@drc/imaging",
  storage: "@drc/contracts",
  imaging: "@drc/tensorflow",
  tensorflow: "@drc/compression",
  compression: "@drc/queue",
  database: "@drc/queue",
  queue: "@drc/database",
  services: "@drc/contracts",
  webhooks: "@drc/database",
  sdk: "@drc/database",
  logging: "@drc/storage",
  tracing: "@drc/storage",
};

it("allows the arrows of the architecture", async () => {
  writeProject();
  expect(await violations()).toEqual([]);
});

it("forbids every other one", async () => {
  writeProject();
  const expected: string[] = [];
  /** A file whose import breaks a rule. */
  const breaks = (rule: string, path: string, imported: string, resolved: string) => {
    write(path, `import ${JSON.stringify(imported)};\n`);
    expected.push(`${rule}: ${path} → ${resolved}`);
  };

  for (const [name, imported] of Object.entries(ARROWS)) {
    const target = `packages/${imported.split("/")[1]}/src/index.ts`;
    breaks(`arrows-of-${name}`, `packages/${name}/src/arrow.ts`, imported, target);
  }
  const queued = ["packages/imaging/src/queued.ts", "bullmq", "node_modules/bullmq/index.js"] as const;
  breaks("the-numeric-library-knows-no-service", ...queued);
  breaks("packages-import-only-what-they-declare", ...queued);
  breaks("package-without-rule", "packages/unruled/src/index.ts", "node:fs", "fs");
  breaks(
    "the-dashboard-knows-the-server-by-its-client",
    "apps/dashboard/src/deep.ts",
    "../../../packages/queue/src/index.ts",
    "packages/queue/src/index.ts",
  );
  breaks("no-app-imports-an-app", "apps/worker/src/app.ts", "../../api/src/index.ts", "apps/api/src/index.ts");
  breaks(
    "inside-a-package-only-through-its-index",
    "apps/worker/src/inside.ts",
    "../../../packages/queue/src/inner.ts",
    "packages/queue/src/inner.ts",
  );
  write("packages/queue/src/inner.ts", "export {};\n");
  breaks("not-resolvable", "packages/queue/src/missing.ts", "./absent.ts", "./absent.ts");
  breaks(
    "packages-import-only-what-they-declare",
    "packages/queue/src/undeclared.ts",
    "undeclared",
    "node_modules/undeclared/index.js",
  );
  // Where only types go round, too.
  write("packages/queue/src/one.ts", `import type { Two } from "./two.ts";\nexport type One = Two | 1;\n`);
  write("packages/queue/src/two.ts", `import type { One } from "./one.ts";\nexport type Two = One | 2;\n`);
  expected.push("no-cycle: packages/queue/src/one.ts → packages/queue/src/two.ts");
  // From afar, too.
  breaks("the-api-loads-no-tensorflow", "apps/api/src/sums.ts", "@drc/tensorflow", "packages/tensorflow/src/index.ts");
  write("apps/api/src/numbers.ts", `import "./sums.ts";\n`);
  expected.push("the-api-loads-no-tensorflow: apps/api/src/numbers.ts → packages/tensorflow/src/index.ts");

  expect(await violations()).toEqual(expected.sort());
  const broken = new Set(expected.map((violation) => violation.split(":")[0]));
  expect(broken).toEqual(new Set(rules.forbidden?.map(({ name }) => name)));
});
