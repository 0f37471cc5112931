import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, until, untilChild, untilState } from "./support/worker.ts";

/** Of the lease and of the worker's sign of life: both are renewed several times within. */
const BLOCKED_MS = 8_000;
const RENEWED_WITHIN_MS = 7_000;

let services: TestServices;
let folder: string;
let worker: TestWorker | undefined;
let keepers: ReturnType<typeof startKeepers> | undefined;

beforeEach(async () => {
  services = await useServices();
  folder = await mkdtemp(join(tmpdir(), "drc-blocked-process-test-"));
});
afterEach(async () => {
  await worker?.drain();
  await keepers?.stop();
  await services.stop();
  await rm(folder, { recursive: true, force: true });
});

it("keeps the lease of a job whose process answers nothing for long, and runs it once (field case 11)", async () => {
  const path = join(folder, "child.mjs");
  const result = { images: [], notes: [], badFiles: [] };
  await writeFile(
    path,
    `
    process.once("message", () => {
      const end = performance.now() + ${BLOCKED_MS};
      while (performance.now() < end);
      process.send(${JSON.stringify({ type: "result", result, files: [] })}, () => process.exit(0));
    });
    process.once("disconnect", () => process.exit(1));
    `,
  );
  keepers = startKeepers(services);
  worker = await startTestWorker(services, "none:2", { program: { path, execArgv: [] } });
  const { ingestJobId: jobId } = await submitDataset(services, await photographs(1));
  await untilChild(worker, jobId);
  const ages: { lease: number; heartbeat: number }[] = [];
  await until("the job has ended", async () => {
    const rows = await services.database.$queryRaw<{ lease: number | null; heartbeat: number; state: string }[]>`
      SELECT state, extract(epoch FROM clock_timestamp() + interval '45 s' - "leaseExpiresAt")::float8 * 1000 AS lease,
        (SELECT extract(epoch FROM clock_timestamp() - max("heartbeatAt"))::float8 * 1000 FROM "Worker") AS heartbeat
      FROM "Job" WHERE id = ${jobId}`;
    const [{ lease, heartbeat, state }] = rows;
    if (lease !== null) ages.push({ lease, heartbeat });
    return state === "running" ? undefined : state;
  });
  const job = await untilState(services, jobId, "succeeded");
  expect(job.attemptCount).toBe(1);
  expect(Math.max(...ages.map(({ lease }) => lease))).toBeLessThan(RENEWED_WITHIN_MS);
  expect(Math.max(...ages.map(({ heartbeat }) => heartbeat))).toBeLessThan(RENEWED_WITHIN_MS);
  const events = await services.database.jobEvent.findMany({ where: { jobId, type: "job.running" } });
  expect(events).toHaveLength(1);
});
