/**
 * What a job costs beside its work: from its creation in Postgres over outbox, queue and claim to its recorded end, and
 * bare BullMQ adding and processing as many empty jobs on the same Redis. In turns, five rounds.
 *
 *   npx tsx apps/api/bench/job-throughput.ts [JOBS] [SLOTS]
 */
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobSpec, newId } from "@drc/contracts";
import {
  claimNext,
  connectDatabase,
  createJobs,
  type Database,
  disconnectDatabase,
  endAttempt,
  migrate,
  newJobId,
  takeOutbox,
} from "@drc/database";
import { consumeJobs, JobQueues } from "@drc/queue";
import { startServices } from "@drc/services";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";

const [jobs = 500, slots = 4] = process.argv.slice(2).map(Number);
const ROUNDS = 5;

/** Counts to the number of jobs and then fires. */
function countdown(): { done: Promise<unknown>; count(): void } {
  const target = new EventTarget();
  let left = jobs;
  return {
    done: once(target, "all"),
    count() {
      left--;
      if (left === 0) target.dispatchEvent(new Event("all"));
    },
  };
}

async function ownJobs(database: Database, queues: JobQueues, redisUrl: string): Promise<number> {
  const { done, count } = countdown();
  const started = performance.now();
  const consumer = consumeJobs({
    redisUrl,
    deviceClass: "cpu",
    concurrency: slots,
    async process() {
      const job = await claimNext(database, "cpu", { workerId: "bench", device: "cpu" });
      if (!job) return;
      const result = { images: [], mean: { psnr: null, ssim: null }, protocol: {} };
      await endAttempt(database, { jobId: job.id, leaseToken: job.leaseToken }, { type: "succeeded", result });
      count();
    },
    onError(error) {
      throw error;
    },
  });
  const spec = { model: "bicubic", dataset: { datasetId: newId("dataset"), version: 1 } };
  const work = jobSpec.parse({ kind: "evaluate", spec });
  for (let i = 0; i < jobs; i++) {
    const job = { id: newJobId(), work, deviceClass: "cpu", seed: 1, priority: 50, parents: [] } as const;
    await database.$transaction((transaction) => createJobs(transaction, [job]));
    await takeOutbox(database, (dispatches) => queues.add(...dispatches));
  }
  await done;
  const seconds = (performance.now() - started) / 1000;
  await consumer.close();
  return seconds;
}

async function bareJobs(redisUrl: string): Promise<number> {
  const { done, count } = countdown();
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const started = performance.now();
  const worker = new Worker("bare", async () => count(), { connection, concurrency: slots });
  const queue = new Queue("bare", { connection });
  for (let i = 0; i < jobs; i++) await queue.add("job", { i }, { removeOnComplete: true });
  await done;
  const seconds = (performance.now() - started) / 1000;
  await worker.close();
  await queue.close();
  connection.disconnect();
  return seconds;
}

const folder = await mkdtemp(join(tmpdir(), "drc-job-throughput-"));
await chmod(folder, 0o711);
const services = await startServices({ dataFolder: folder, log: console.error });
try {
  await migrate(services.databaseUrl);
  const database = connectDatabase(services.databaseUrl);
  const queues = new JobQueues(services.redisUrl);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const own = await ownJobs(database, queues, services.redisUrl);
    const bare = await bareJobs(services.redisUrl);
    ratios.push(own / bare);
    console.log(
      JSON.stringify({ jobs, slots, ownJobsASecond: jobs / own, bareJobsASecond: jobs / bare, ratio: own / bare }),
    );
  }
  ratios.sort((a, b) => a - b);
  console.log(JSON.stringify({ medianRatio: ratios[2], leastRatio: ratios[0], greatestRatio: ratios[4] }));
  await queues.close();
  await disconnectDatabase(database);
} finally {
  await services.stop();
  await rm(folder, { recursive: true, force: true });
}
