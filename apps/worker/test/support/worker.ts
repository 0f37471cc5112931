/** A worker in the test's own process, with real job processes, and the keepers that the API runs otherwise. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isFinal, type JobState } from "@drc/contracts";
import { type Job, reapLeases, reconcile, settleBlocked, takeOutbox } from "@drc/database";
import { pino } from "pino";
import type { TestServices } from "../../../../test/services.ts";
import type { WorkerConfig } from "../../src/config.ts";
import type { ChildProgram } from "../../src/job-child.ts";
import { slotList, withThreads } from "../../src/slots.ts";
import { startWorker } from "../../src/start-worker.ts";

export const PROGRAM = {
  path: fileURLToPath(new URL("../../src/job-process.ts", import.meta.url)),
  execArgv: ["--import", "tsx"],
};

export interface LogEntry {
  msg: string;
  job?: string;
  childPid?: number;
}

export interface TestWorker {
  /** What the worker has logged so far. */
  log: LogEntry[];
  drain(): Promise<void>;
}

export async function startTestWorker(
  services: TestServices,
  slots = "none:1,cpu:1",
  {
    program = PROGRAM,
    ...more
  }: { program?: ChildProgram } & Pick<Partial<WorkerConfig>, "metrics" | "store" | "traceEndpoint"> = {},
): Promise<TestWorker> {
  const folder = await mkdtemp(join(tmpdir(), "drc-worker-test-"));
  const log: LogEntry[] = [];
  const config: WorkerConfig = {
    databaseUrl: services.databaseUrl,
    redisUrl: services.redisUrl,
    store: services.s3,
    slots: withThreads(slotList.parse(slots), 2),
    folder,
    cacheBytes: 2 ** 30,
    stopGraceMs: 20_000,
    maxImagePixels: 1_000_000,
    logLevel: "info",
    ...more,
  };
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line)) });
  const drain = await startWorker(config, program, process.env, logger);
  return {
    log,
    async drain() {
      await drain();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Takes what is due to the queues, ends expired attempts and settles blocked jobs, over and over. */
export function startKeepers({ database, queues }: TestServices): { stop(): Promise<void> } {
  let stopped = false;
  const loop = async () => {
    while (!stopped) {
      await reapLeases(database);
      await settleBlocked(database);
      await takeOutbox(database, (dispatches) => queues.add(...dispatches));
      await reconcile(database, queues);
      await delay(50);
    }
  };
  const running = loop();
  return {
    stop() {
      stopped = true;
      return running;
    },
  };
}

/** Asks again and again until the answer is not undefined; an error after a minute. */
export async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadlineMs) throw new Error(`It did not happen within a minute: ${what}.`);
    await delay(20);
  }
}

export function untilState({ database }: TestServices, jobId: string, state: JobState): Promise<Job> {
  return until(`job ${jobId} is ${state}`, async () => {
    const job = await database.job.findUniqueOrThrow({ where: { id: jobId } });
    if (job.state !== state && isFinal(job.state as JobState)) {
      throw new Error(`The job became ${job.state} instead of ${state}: ${JSON.stringify(job.error)}`);
    }
    return job.state === state ? job : undefined;
  });
}

/** The process of the job's newest attempt. */
export function untilChild(worker: TestWorker, jobId: string): Promise<number> {
  return until(`a process computes job ${jobId}`, () => {
    const entries = worker.log.filter(({ job, childPid }) => job === jobId && childPid !== undefined);
    return entries.at(-1)?.childPid;
  });
}

export function untilCheckpoint({ database }: TestServices, jobId: string): Promise<number> {
  return until(`job ${jobId} has a checkpoint`, async () => {
    const checkpoint = await database.checkpoint.findFirst({ where: { jobId }, orderBy: { step: "desc" } });
    return checkpoint?.step;
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
