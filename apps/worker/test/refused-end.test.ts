import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobError } from "@drc/contracts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, until, untilChild, untilState } from "./support/worker.ts";

let services: TestServices;
let folder: string;
let worker: TestWorker | undefined;

beforeEach(async () => {
  services = await useServices();
  folder = await mkdtemp(join(tmpdir(), "drc-refused-end-test-"));
});
afterEach(async () => {
  await worker?.drain();
  worker = undefined;
  await services.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Starts an ingest job whose process reports progress and, on SIGUSR2, this note in its result. */
async function startIngest(note: string): Promise<{ jobId: string; pid: number }> {
  const path = join(folder, "child.mjs");
  const result = { images: [], notes: [{ detail: note }], badFiles: [] };
  await writeFile(
    path,
    `
    const say = (message, done) => process.send(message, done);
    process.once("SIGUSR2", () => say(${JSON.stringify({ type: "result", result, files: [] })}, () => process.exit(0)));
    process.once("message", () => say({ type: "progress", progress: { stage: "ingest", step: 1, of: 1 } }));
    process.once("disconnect", () => process.exit(1));
    `,
  );
  const keepers = startKeepers(services);
  worker = await startTestWorker(services, "none", { program: { path, execArgv: [] } });
  const { ingestJobId: jobId } = await submitDataset(services, await photographs(1));
  await until("the job reports progress", async () => {
    const { progress } = await services.database.job.findUniqueOrThrow({ where: { id: jobId } });
    return progress ?? undefined;
  });
  await keepers.stop();
  return { jobId, pid: await untilChild(worker, jobId) };
}

it("fails a job whose end the database refuses, rather than to keep it running", async () => {
  const { jobId, pid } = await startIngest("Postgres stores no \0.");
  process.kill(pid, "SIGUSR2");
  const job = await untilState(services, jobId, "failed");
  const error = job.error as unknown as JobError;
  expect(error.code).toBe("JOB_FAILED");
  expect(error.detail).toMatch(/^Its end could not be recorded\. .*unsupported Unicode escape sequence/);
  expect(job).toMatchObject({ result: null, attemptCount: 1, leaseToken: null });
});

it("waits for a database that does not work, and keeps the job's result", async () => {
  const { jobId, pid } = await startIngest("fine");
  await services.database.$executeRaw`ALTER TABLE "Job" RENAME TO "Away"`;
  process.kill(pid, "SIGUSR2");
  await until("the lease could not be renewed three times", () => {
    const failures = worker?.log.filter(({ msg }) => msg === "The lease could not be renewed.") ?? [];
    return failures.length >= 3 ? true : undefined;
  });
  await services.database.$executeRaw`ALTER TABLE "Away" RENAME TO "Job"`;
  const job = await untilState(services, jobId, "succeeded");
  expect(job.result).toMatchObject({ notes: [{ detail: "fine" }] });
});
