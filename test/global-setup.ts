/** The real services that all tests of one run share; they end with the run. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServices } from "@drc/services";
import type { TestProject } from "vitest/node";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataFolder = await mkdtemp(join(tmpdir(), "drc-test-services-"));
  // Where this is root's, PostgreSQL runs as another user, who has to get through.
  await chmod(dataFolder, 0o711);
  const { redisUrl, databaseUrl, s3, stop } = await startServices({ dataFolder, log: console.error });
  project.provide("services", { redisUrl, databaseUrl, s3 });
  return async () => {
    await stop();
    await rm(dataFolder, { recursive: true, force: true });
  };
}
