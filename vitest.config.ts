import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "apps/*/src/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    globalSetup: ["./test/global-setup.ts"],
    // Native TensorFlow cannot be loaded in worker threads, and holds what a test file took until its process ends.
    pool: "forks",
    maxWorkers: 2,
    // Training steps, real servers and child processes, perhaps on a busy machine of two cores.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: { TF_CPP_MIN_LOG_LEVEL: "3" },
  },
});
