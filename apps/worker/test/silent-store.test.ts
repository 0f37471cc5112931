import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { requestCancel } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, until, untilState } from "./support/worker.ts";

/** A store that takes connections and never says a word. */
let store: Server;
const asked: Socket[] = [];
let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;

beforeAll(async () => {
  services = await useServices();
  store = createServer((socket) => void asked.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  await once(store, "listening");
  const { port } = store.address() as AddressInfo;
  keepers = startKeepers(services);
  worker = await startTestWorker(services, "none:1", {
    store: { ...services.s3, endpoint: `http://127.0.0.1:${port}` },
  });
});
afterAll(async () => {
  await keepers.stop();
  for (const socket of asked) socket.destroy();
  store.close();
  await services.stop();
});

/** A job that waits for the first of its inputs. */
async function startIngest(): Promise<string> {
  const before = asked.length;
  const { ingestJobId } = await submitDataset(services, await photographs(1));
  await untilState(services, ingestJobId, "running");
  await until("its input is asked for", () => (asked.length > before ? true : undefined));
  return ingestJobId;
}

it("cancels a job that waits for its inputs, within 10 s (field case 41)", async () => {
  const jobId = await startIngest();
  const startedMs = performance.now();
  await requestCancel(services.database, jobId);
  await untilState(services, jobId, "cancelled");
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});

it("ends a job that waits for its inputs for longer than it may run", async () => {
  const jobId = await startIngest();
  await services.database.job.update({ where: { id: jobId }, data: { maxRunSeconds: 1 } });
  // The limit is read when an attempt begins.
  await services.database.job.update({ where: { id: jobId }, data: { leaseToken: "another attempt's" } });
  await services.database.job.update({ where: { id: jobId }, data: { leaseExpiresAt: new Date(0) } });
  const job = await untilState(services, jobId, "failed");
  expect(job.error).toMatchObject({ code: "RUN_TIME_EXCEEDED", retryable: false });
});

it("hands a job back that waits for its inputs where the worker is shut down, uncharged (field case 43)", async () => {
  const jobId = await startIngest();
  await worker.drain();
  const job = await services.database.job.findUniqueOrThrow({ where: { id: jobId }, include: { attempts: true } });
  expect(job).toMatchObject({ state: "queued", chargedCount: 0, leaseToken: null });
  expect(job.attempts).toMatchObject([{ outcome: "drained" }]);
});
