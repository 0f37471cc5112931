/** The whole server on this machine: services, API and worker, which end with the process that started them. */
import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { DrcClient } from "@drc/sdk";
import { type ServicesOptions, startServices } from "@drc/services";
import { CliError, EXIT } from "../cli-error.ts";
import { readConfig } from "../config.ts";
import { type Interruption, interruptible } from "../interruption.ts";
import { clientOf } from "../server/client.ts";
import { type Connection, readConnection, writeConnection } from "../server/connection-file.ts";
import { checkPort } from "./check-port.ts";
import { lockFolder } from "./lock-folder.ts";
import { Program } from "./program.ts";

export interface StackOptions {
  dataFolder: string;
  /** Of the API; 0 takes any free one. */
  port?: number;
  /** As `DRC_SLOTS` has it. */
  slots?: string;
  log(line: string): void;
}

export interface RunningStack extends Connection {
  /** Whether this is the first start that got ready: the only moment to show the key. */
  keyIsNew: boolean;
  dataFolder: string;
  /** Fires as soon as somebody asks this process to end. */
  stopping: AbortSignal;
  /** Rejects when a part of the stack ends by itself, or somebody asks this process to end. */
  ended: Promise<never>;
}

/** The folder that holds the bundles of all programs. */
const APPS = fileURLToPath(new URL("../../", import.meta.url));

const READY_WITHIN_MS = 120_000;

/** Starts everything, runs `work`, and stops everything, however `work` ends; a signal ends it early. */
export async function withStack<T>(options: StackOptions, work: (stack: RunningStack) => Promise<T>): Promise<T> {
  await mkdir(options.dataFolder, { recursive: true });
  const dataFolder = await realpath(options.dataFolder);
  return lockFolder(dataFolder, async () => {
    await checkPort(options.port ?? 0, process.env.DRC_HOST || "127.0.0.1");
    const interruption = interruptible(() => options.log("Stopping… (a step that is under way is finished first)"));
    const stops: (() => Promise<void>)[] = [];
    const starting = start({ ...options, dataFolder }, interruption, stops);
    try {
      const stack = await Promise.race([starting, interruption.signalled]);
      return await Promise.race([work(stack), stack.ended]);
    } finally {
      // What an interruption finds half started has to be stopped as well: the folder may be removed next.
      await starting.catch(() => {});
      for (const stop of stops.reverse()) await stop();
      interruption.release();
    }
  });
}

async function start(
  { dataFolder, port = 0, slots, log }: StackOptions,
  { signalled, stopping }: Interruption,
  stops: (() => Promise<void>)[],
): Promise<RunningStack> {
  const services = await startServices({ dataFolder, log, given: givenServices() });
  stops.push(() => services.stop());
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    DRC_SECRET_KEY: undefined,
    REDIS_URL: services.redisUrl,
    DATABASE_URL: services.databaseUrl,
    S3_ENDPOINT: services.s3.endpoint,
    S3_ACCESS_KEY: services.s3.accessKey,
    S3_SECRET_KEY: services.s3.secretKey,
    S3_REGION: services.s3.region,
    S3_BUCKET: services.s3.bucket,
    DRC_PORT: String(port),
    DRC_WORKER_FOLDER: join(dataFolder, "worker"),
    ...(slots === undefined ? {} : { DRC_SLOTS: slots }),
  };
  const config = readConfig(process.env);
  // The API's alone: a worker has nothing to decrypt.
  const secretKey = { DRC_SECRET_KEY: config.DRC_SECRET_KEY ?? services.secretKey };
  const run = (name: string, bundle: string, onLine: (line: string) => void, secrets: NodeJS.ProcessEnv = {}) => {
    const logFile = join(dataFolder, `${name}.log`);
    const variables = { ...environment, ...secrets };
    const program = new Program(services.guard, name, join(APPS, bundle), variables, logFile, onLine);
    stops.push(() => program.stop());
    return program;
  };

  const known = await readConnection(dataFolder);
  let newKey: string | undefined;
  let listening: (url: string) => void;
  const url = new Promise<string>((resolve) => {
    listening = resolve;
  });
  const onLine = (line: string) => {
    if (line.startsWith("API key: ")) {
      newKey = line.slice("API key: ".length);
      writeConnection(dataFolder, { key: newKey });
    }
    if (line.startsWith("Listening: ")) listening(line.slice("Listening: ".length));
  };
  const api = run("api", "api/dist/main.js", onLine, secretKey);
  const apiUrl = await Promise.race([url, api.failure, signalled]);
  // A database of one's own may have had its first key long before this folder.
  const key = newKey ?? known?.key ?? config.DRC_API_KEY;
  if (key === undefined) {
    throw new CliError(
      `--data-folder: the database has an API key that is not in ${dataFolder}; set DRC_API_KEY to it, or use another database.`,
    );
  }
  const worker = run("worker", "worker/dist/main.js", () => {});
  const ended = Promise.race([signalled, api.failure, worker.failure]);
  ended.catch(() => {});
  await Promise.race([untilReady(clientOf({ url: apiUrl, key })), ended]);
  writeConnection(dataFolder, { url: apiUrl, key });
  const keyIsNew = newKey !== undefined || (known !== undefined && known.url === undefined);
  return { url: apiUrl, key, keyIsNew, dataFolder, stopping, ended };
}

async function untilReady(client: DrcClient): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const { ready, checks, workers = [] } = await client.server.readiness();
    const trying = workers.some(({ backends }) => backends.some(({ state }) => state === "trying"));
    if (ready && workers.length > 0 && !trying) return;
    if (performance.now() > deadlineMs) {
      const failing = Object.values(checks).filter(({ ok }) => !ok);
      throw new CliError(`The server is not ready. ${failing.map(({ detail }) => detail).join(" ")}`);
    }
    await delay(100);
  }
}

/** Services that the environment names. */
function givenServices(): ServicesOptions["given"] {
  const { REDIS_URL, DATABASE_URL, S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, S3_REGION, S3_BUCKET } = readConfig(
    process.env,
  );
  if (S3_ENDPOINT === undefined) return { redisUrl: REDIS_URL, databaseUrl: DATABASE_URL };
  if (S3_ACCESS_KEY === undefined || S3_SECRET_KEY === undefined) {
    throw new CliError("S3_ENDPOINT: it needs S3_ACCESS_KEY and S3_SECRET_KEY; set both.", EXIT.usage);
  }
  const s3 = {
    endpoint: S3_ENDPOINT,
    accessKey: S3_ACCESS_KEY,
    secretKey: S3_SECRET_KEY,
    region: S3_REGION ?? "us-east-1",
    bucket: S3_BUCKET ?? "drc",
  };
  return { redisUrl: REDIS_URL, databaseUrl: DATABASE_URL, s3 };
}
