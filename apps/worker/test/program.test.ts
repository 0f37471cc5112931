/** The worker's real program: how it ends, and what it prints. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectForCommands } from "@drc/queue";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset, submitJob, trainWork } from "./support/work.ts";
import { startKeepers, until, untilCheckpoint, untilState } from "./support/worker.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let folder: string;

beforeAll(async () => {
  services = await useServices();
  keepers = startKeepers(services);
  folder = await mkdtemp(join(tmpdir(), "drc-worker-program-"));
});
afterAll(async () => {
  await keepers.stop();
  await services.stop();
  await rm(folder, { recursive: true });
});

interface Program {
  child: ChildProcess;
  output(): string;
}

function start(changes: Record<string, string> = {}): Program {
  const { s3 } = services;
  const child = spawn(process.execPath, ["--import", "tsx", MAIN], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...(process.env.DRC_CACHE === undefined ? {} : { DRC_CACHE: process.env.DRC_CACHE }),
      DATABASE_URL: services.databaseUrl,
      REDIS_URL: services.redisUrl,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY: s3.accessKey,
      S3_SECRET_KEY: s3.secretKey,
      S3_BUCKET: s3.bucket,
      DRC_THREADS: "2",
      DRC_WORKER_FOLDER: folder,
      ...changes,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  }
  return { child, output: () => output };
}

it("hands a job back on SIGTERM, uncharged, and exits with 0, also on a second SIGTERM (field case 43)", async () => {
  const worker = start();
  const { input, ingestJobId } = await submitDataset(services, await photographs(5));
  await untilState(services, ingestJobId, "succeeded");
  const jobId = await submitJob(services, trainWork(input, { steps: 20_000, checkpointEverySteps: 20 }));
  await untilCheckpoint(services, jobId);
  const exited = once(worker.child, "exit");
  worker.child.kill("SIGTERM");
  await until("the worker has heard it", () => (worker.output().includes("shuts down") ? true : undefined));
  worker.child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);

  const job = await services.database.job.findUniqueOrThrow({ where: { id: jobId }, include: { attempts: true } });
  expect(job).toMatchObject({ state: "queued", attemptCount: 1, chargedCount: 0, leaseToken: null });
  expect(job.attempts).toMatchObject([{ outcome: "drained" }]);
  const { step } = await services.database.checkpoint.findFirstOrThrow({ where: { jobId }, orderBy: { step: "desc" } });
  expect(await services.database.worker.count()).toBe(0);

  const next = start();
  const resumed = await until("another worker goes on", async () => {
    const attempt = await services.database.attempt.findFirst({ where: { jobId, number: 2, runtime: { not: {} } } });
    return attempt ?? undefined;
  });
  expect(resumed.resumedFromStep).toBe(step);
  const ended = once(next.child, "exit");
  next.child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

it("prints no password and no key, whatever fails", async () => {
  const redis = connectForCommands(services.redisUrl);
  await redis.call("ACL", "SETUSER", "someone", "on", ">right-password", "~*", "&*", "+@all");
  const address = new URL(services.redisUrl);
  address.username = "someone";
  address.password = "hidden-redis";
  const unreachable = {
    DATABASE_URL: "postgresql://drc:hidden-postgres@127.0.0.1:1/drc",
    REDIS_URL: "redis://:hidden-redis@127.0.0.1:1",
    S3_ACCESS_KEY: "hidden-access",
    S3_SECRET_KEY: "hidden-s3",
  };
  const cases: [Record<string, string>, RegExp][] = [
    [unreachable, /The database does not answer yet/],
    // A server that refuses the password, whose error repeats the command.
    [
      { ...unreachable, DATABASE_URL: services.databaseUrl, REDIS_URL: address.href },
      /The queue reports an error|WRONGPASS/,
    ],
    [{ ...unreachable, DATABASE_URL: "postgresql://drc:hidden-postgres@host:port/drc" }, /DATABASE_URL/],
  ];
  for (const [changes, expected] of cases) {
    const { child, output } = start({ ...changes, DRC_LOG_LEVEL: "debug", DRC_SLOTS: "none:1" });
    await until(`it says ${expected}`, () => (expected.test(output()) ? true : undefined));
    const closed = child.exitCode === null ? once(child, "close") : undefined;
    child.kill("SIGKILL");
    await closed;
    expect(output()).not.toMatch(/hidden-/);
  }
  await redis.call("ACL", "DELUSER", "someone");
  await redis.quit();
});
