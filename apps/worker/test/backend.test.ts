/** What a worker does about a native backend that loads, and about one that does not. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkerResource } from "@drc/contracts";
import { liveWorkers } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset, submitJob } from "./support/work.ts";
import { PROGRAM, startKeepers, startTestWorker, until, untilState } from "./support/worker.ts";

/** As on a machine where the native library is missing. */
const WITHOUT_TENSORFLOW = `
  const load = process.dlopen;
  process.dlopen = function (module, path, ...more) {
    if (path.includes("tfjs_binding")) throw new Error("libtensorflow.so.2: cannot open shared object file");
    return load.call(this, module, path, ...more);
  };`;

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;

beforeAll(async () => {
  services = await useServices();
  keepers = startKeepers(services);
});
afterAll(async () => {
  await keepers.stop();
  await services.stop();
});

function untilTried(): Promise<WorkerResource> {
  return until("the worker has tried its backends", async () => {
    const [worker] = await liveWorkers(services.database);
    return worker?.backends.every(({ state }) => state !== "trying") ? worker : undefined;
  });
}

it("notes the runtime of each device class that computes, and signs off", async () => {
  const worker = await startTestWorker(services, "none:1,cpu:2");
  expect((await untilTried()).backends).toEqual([
    {
      state: "works",
      deviceClass: "cpu",
      runtime: expect.objectContaining({ backend: "tensorflow", tensorflowVersion: expect.any(String), threads: 1 }),
    },
  ]);
  await worker.drain();
  expect(await liveWorkers(services.database)).toEqual([]);
});

it("takes no jobs of a class whose backend does not load, and says why (field case 61)", async () => {
  const folder = await mkdtemp(join(tmpdir(), "drc-no-backend-"));
  const preload = join(folder, "missing-library.cjs");
  await writeFile(preload, WITHOUT_TENSORFLOW);
  const program = { ...PROGRAM, execArgv: [...PROGRAM.execArgv, "--require", preload] };
  const worker = await startTestWorker(services, "none:1,cpu:1", { program });
  const [backend] = (await untilTried()).backends;
  expect(backend).toMatchObject({
    state: "failed",
    deviceClass: "cpu",
    detail: expect.stringContaining("libtensorflow.so.2"),
  });
  expect(worker.log.map(({ msg }) => msg)).toContain(
    "The native backend does not load: no jobs of this device class are taken.",
  );

  const { input, ingestJobId } = await submitDataset(services, await photographs(2));
  await untilState(services, ingestJobId, "succeeded");
  const job = await submitJob(services, { kind: "evaluate", spec: { model: "bicubic", dataset: input } });
  await until("the queue has the job", async () =>
    (await services.queues.countWaiting("cpu")) === 1 ? true : undefined,
  );
  const { state, attemptCount } = await services.database.job.findUniqueOrThrow({ where: { id: job } });
  expect({ state, attemptCount }).toEqual({ state: "queued", attemptCount: 0 });
  await worker.drain();
  await rm(folder, { recursive: true });
});

it("ends at once when it is stopped while it still tries", async () => {
  const worker = await startTestWorker(services);
  await worker.drain();
  expect(await liveWorkers(services.database)).toEqual([]);
});
