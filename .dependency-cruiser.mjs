/**
 * The arrows of the architecture. They go down only: apps → packages; compression → tensorflow, imaging → network;
 * contracts depends on nothing of ours. The numeric packages are a library that knows no queue, database or store.
 */

/** Which of our packages each package may import. */
const ALLOWED = {
  provision: [],
  contracts: [],
  network: [],
  storage: [],
  logging: [],
  tracing: [],
  imaging: ["network"],
  tensorflow: ["network", "imaging", "provision"],
  compression: ["tensorflow", "imaging", "network"],
  database: ["contracts"],
  queue: ["contracts"],
  sdk: ["contracts"],
  services: ["storage", "provision"],
  webhooks: ["contracts"],
};

const NUMERIC = "^packages/(network|imaging|tensorflow|compression)/";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Neither modules nor their types may depend on each other in a circle.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...Object.entries(ALLOWED).map(([name, allowed]) => ({
      name: `arrows-of-${name}`,
      severity: /** @type {const} */ ("error"),
      from: { path: `^packages/${name}/` },
      to: { path: "^(apps|packages)/", pathNot: `^packages/(${[name, ...allowed].join("|")})/` },
    })),
    {
      name: "package-without-rule",
      comment: "A new package must say above what it may import.",
      severity: "error",
      from: { path: "^packages/", pathNot: `^packages/(${Object.keys(ALLOWED).join("|")})/` },
      to: {},
    },
    {
      name: "no-app-imports-an-app",
      severity: "error",
      from: { path: "^apps/([^/]+)/" },
      to: { path: "^apps/", pathNot: "^apps/$1/" },
    },
    {
      name: "the-dashboard-knows-the-server-by-its-client",
      comment: "What runs in a browser takes schemas and the client library, and nothing that needs Node.",
      severity: "error",
      from: { path: "^apps/dashboard/src/" },
      to: { path: "^packages/", pathNot: "^packages/(contracts|sdk)/" },
    },
    {
      name: "the-numeric-library-knows-no-service",
      severity: "error",
      from: { path: NUMERIC },
      to: { path: "node_modules/(bullmq|ioredis|pg|@prisma|minio|fastify)/" },
    },
    {
      name: "the-api-loads-no-tensorflow",
      severity: "error",
      from: { path: "^apps/api/src/" },
      to: { path: "^packages/(tensorflow|compression)/", reachable: true },
    },
    {
      name: "inside-a-package-only-through-its-index",
      severity: "error",
      from: { path: "^(apps|packages)/([^/]+)/" },
      to: {
        path: "^packages/[^/]+/src/.",
        pathNot: ["^packages/[^/]+/src/index[.](ts|mjs)$", "^packages/$2/"],
      },
    },
    {
      name: "not-resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "packages-import-only-what-they-declare",
      severity: "error",
      from: { path: "^(apps|packages)/[^/]+/src/", pathNot: "[.]test[.]ts$" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|generated)/" },
    combinedDependencies: true,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["types", "import", "node", "require", "default"],
      mainFields: ["types", "module", "main"],
      extensions: [".ts", ".mts", ".js", ".mjs", ".cjs", ".json", ".node"],
    },
  },
};
