/** The real services that all tests of one run share; they end with the run. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type S3Options, startServices } from "@drc/services";
import type { TestProject } from "vitest/node";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataFolder = await mkdtemp(join(tmpdir(), "drc-test-services-"));
  // Where this is root's, PostgreSQL runs as another user, who has to get through.
  await chmod(dataFolder, 0o711);
  const given = { s3: givenStore() };
  const { redisUrl, databaseUrl, s3, stop } = await startServices({ dataFolder, log: console.error, given });
  project.provide("services", { redisUrl, databaseUrl, s3 });
  return async () => {
    await stop();
    await rm(dataFolder, { recursive: true, force: true });
  };
}

/** Any S3 store in the place of the embedded one: `DRC_TEST_S3_ENDPOINT` and its keys. */
function givenStore(): S3Options | undefined {
  const { DRC_TEST_S3_ENDPOINT, DRC_TEST_S3_ACCESS_KEY, DRC_TEST_S3_SECRET_KEY, DRC_TEST_S3_BUCKET } = process.env;
  if (DRC_TEST_S3_ENDPOINT === undefined) return undefined;
  return {
    endpoint: DRC_TEST_S3_ENDPOINT,
    accessKey: DRC_TEST_S3_ACCESS_KEY ?? "",
    secretKey: DRC_TEST_S3_SECRET_KEY ?? "",
    region: "us-east-1",
    bucket: DRC_TEST_S3_BUCKET ?? "drc-test",
  };
}
