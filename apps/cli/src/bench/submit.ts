/**
 * What it costs to submit: `POST /v1/jobs` to a real API process, with 64 connections, beside 64 in flight of each of the
 * two things that every such request has to do somewhere, BullMQ's `add` and the `INSERT` of a job's row; and beside a
 * server that does nothing but such an `INSERT` for each request, which shows how much of the rest is HTTP.
 */
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type JobSpec, jobSpec, newId } from "@drc/contracts";
import { startServices } from "@drc/services";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import pg from "pg";
import { Program } from "../stack/program.ts";
import type { BareServerOptions } from "./bare-server.ts";
import { type Measurement, median, rounded } from "./measurement.ts";

const IN_FLIGHT = 64;
/** Of each kind, in each round. */
const JOBS = 3_000;
const WARM_UPS = 2_000;
const ROUNDS = 3;
/** As many as the API has. */
const CONNECTIONS = 8;
const BARE_SERVER = new URL("./bare-server.js", import.meta.url);
const API = fileURLToPath(new URL("../../api/dist/main.js", import.meta.url));

interface Pace {
  perSecond: number;
  medianMs: number;
  p99Ms: number;
}

export async function measureSubmit(log: (line: string) => void): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), "drc-bench-submit-"));
  // PostgreSQL may run as another user.
  await chmod(folder, 0o711);
  const services = await startServices({ dataFolder: folder, log });
  try {
    const api = await startApi(services, folder);
    const pool = new pg.Pool({ connectionString: services.databaseUrl, max: CONNECTIONS });
    // Where a request fails, the services end before these connections do, and the request's error is the one to tell.
    pool.on("error", () => {});
    const redis = new Redis(services.redisUrl, { maxRetriesPerRequest: null });
    const queue = new Queue("bare", { connection: redis });
    const work = await workOnReadyDataset(pool);
    const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
    const insert = insertOf(work);
    const bare = await startBareServer({ databaseUrl: services.databaseUrl, connections: CONNECTIONS, insert });
    const kinds = {
      submit: () => post(agent, api, work),
      bareServer: () => post(agent, { url: bare.url, key: "" }, work),
      add: () => queue.add("job", { jobId: newId("job"), dispatchNumber: 1 }),
      insert: () => pool.query(insert.text, [newId("job"), ...insert.values]),
    };
    const paces: Record<keyof typeof kinds, Pace[]> = { submit: [], bareServer: [], add: [], insert: [] };
    for (const run of Object.values(kinds)) await paceOf(run, WARM_UPS);
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ["submit", "bareServer", "add", "insert"] as const)
        paces[name].push(await paceOf(kinds[name], JOBS));
    }
    agent.destroy();
    await bare.worker.terminate();
    await api.program.stop();
    await queue.close();
    redis.disconnect();
    await pool.end();
    return describe(paces);
  } finally {
    await services.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function describe(paces: Record<"submit" | "bareServer" | "add" | "insert", Pace[]>): Measurement {
  const of = (name: keyof typeof paces, member: keyof Pace) => median(paces[name].map((pace) => pace[member]));
  const ratios = paces.submit.map(
    ({ perSecond }, i) => perSecond / Math.min(paces.add[i].perSecond, paces.insert[i].perSecond),
  );
  return {
    case: "submit",
    what: "job",
    ms: rounded(of("submit", "medianMs")),
    p99Ms: rounded(of("submit", "p99Ms")),
    repetitions: JOBS * ROUNDS,
    inFlight: IN_FLIGHT,
    jobsASecond: rounded(of("submit", "perSecond")),
    bareServerASecond: rounded(of("bareServer", "perSecond")),
    bareAddsASecond: rounded(of("add", "perSecond")),
    bareAddMs: rounded(of("add", "medianMs")),
    bareInsertsASecond: rounded(of("insert", "perSecond")),
    bareInsertMs: rounded(of("insert", "medianMs")),
    ratioToSlower: rounded(median(ratios)),
  };
}

/** Runs it so many times, 64 at once. */
async function paceOf(run: () => Promise<unknown>, count: number): Promise<Pace> {
  const milliseconds: number[] = [];
  let left = count;
  const startedAtMs = performance.now();
  const lane = async () => {
    while (left > 0) {
      left--;
      const begunAtMs = performance.now();
      await run();
      milliseconds.push(performance.now() - begunAtMs);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const seconds = (performance.now() - startedAtMs) / 1000;
  milliseconds.sort((a, b) => a - b);
  return {
    perSecond: count / seconds,
    medianMs: median(milliseconds),
    p99Ms: milliseconds[Math.ceil(0.99 * count) - 1],
  };
}

async function startBareServer(options: BareServerOptions): Promise<{ worker: Worker; url: string }> {
  const worker = new Worker(BARE_SERVER, { workerData: options });
  const [url] = await once(worker, "message");
  return { worker, url };
}

interface RunningApi {
  program: Program;
  url: string;
  key: string;
}

async function startApi(services: Awaited<ReturnType<typeof startServices>>, folder: string): Promise<RunningApi> {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    REDIS_URL: services.redisUrl,
    DATABASE_URL: services.databaseUrl,
    S3_ENDPOINT: services.s3.endpoint,
    S3_ACCESS_KEY: services.s3.accessKey,
    S3_SECRET_KEY: services.s3.secretKey,
    S3_REGION: services.s3.region,
    S3_BUCKET: services.s3.bucket,
    DRC_SECRET_KEY: services.secretKey,
    DRC_HOST: "127.0.0.1",
    DRC_PORT: "0",
    // Requests are counted as always; the limit is not reached.
    DRC_RATE_LIMIT: "100000000",
  };
  let key = "";
  let heard: (url: string) => void;
  const url = new Promise<string>((resolve) => {
    heard = resolve;
  });
  const program = new Program(services.guard, "api", API, environment, join(folder, "api.log"), (line) => {
    const [, name, value] = /^(API key|Listening): (.*)$/.exec(line) ?? [];
    if (name === "API key") key = value;
    if (name === "Listening") heard(value);
  });
  return { program, url: await Promise.race([url, program.failure]), key };
}

/** A job on a dataset version that is ready: no worker is there to make one. */
async function workOnReadyDataset(pool: pg.Pool): Promise<JobSpec> {
  const datasetId = newId("dataset");
  const image = { name: "image.png", width: 480, height: 320, lrs: [{ sha256: "b".repeat(64), sizeBytes: 1 }] };
  const images = JSON.stringify([{ ...image, hr: { sha256: "a".repeat(64), sizeBytes: 1 } }]);
  await pool.query('INSERT INTO "Dataset" (id, name, "lastVersion") VALUES ($1, $2, 1)', [datasetId, "photographs"]);
  await pool.query(
    `INSERT INTO "DatasetVersion"
       ("datasetId", number, scale, border, "onBadFile", state, files, images, "ingestJobId")
     VALUES ($1, 1, 4, 'symmetric', 'skip', 'ready', '[]', $2, $3)`,
    [datasetId, images, newId("job")],
  );
  const spec = { model: "bicubic", dataset: { datasetId, version: 1 } };
  return jobSpec.parse({ kind: "evaluate", spec });
}

function insertOf({ kind, spec }: JobSpec): { text: string; values: unknown[] } {
  return {
    text: `INSERT INTO "Job" (id, kind, "deviceClass", spec, seed, priority, state)
      VALUES ($1, $2, 'none', $3, 1, 50, 'succeeded')`,
    values: [kind, JSON.stringify(spec)],
  };
}

function post(agent: Agent, { url, key }: Pick<RunningApi, "url" | "key">, work: JobSpec): Promise<void> {
  const body = JSON.stringify(work);
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const sent = request(`${url}/v1/jobs`, { method: "POST", agent, headers }, (answer) => {
      answer.on("error", reject);
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => {
        if (answer.statusCode === 202) resolve();
        else reject(new Error(`POST /v1/jobs answered ${answer.statusCode}: ${text}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
