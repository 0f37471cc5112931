/** The whole server with spare parts: two API replicas, two workers and the three services, each of which can be lost. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  Guard,
  type S3Options,
  type Secrets,
  type Server,
  secretsOf,
  startPostgres,
  startSeaweedfs,
  startValkey,
  stopGuarded,
  stopServer,
} from "@drc/services";
import { Redis } from "ioredis";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RESTART_AFTER_MS = 500;
const START_TRIES = 20;

/** A program that is started again whenever it ends. */
export class Replica {
  readonly name: string;
  private readonly launch: () => ChildProcess;
  private child: ChildProcess;
  private supervising: Promise<void>;
  private stopping = false;

  constructor(name: string, launch: () => ChildProcess) {
    this.name = name;
    this.launch = launch;
    this.child = launch();
    this.supervising = this.supervise();
  }

  get pid(): number | undefined {
    return this.child.exitCode === null && this.child.signalCode === null ? this.child.pid : undefined;
  }

  kill(signal: "SIGKILL" | "SIGTERM"): void {
    this.child.kill(signal);
  }

  /** Lets it end by itself; returns how it ended. */
  async stop(): Promise<number | string | null> {
    this.stopping = true;
    await stopGuarded(this.child, "SIGTERM", 40_000);
    await this.supervising;
    return this.child.exitCode ?? this.child.signalCode;
  }

  private async supervise(): Promise<void> {
    for (;;) {
      await once(this.child, "exit");
      if (this.stopping) return;
      await delay(RESTART_AFTER_MS);
      if (this.stopping) return;
      this.child = this.launch();
    }
  }
}

/** A service that can be stopped for a while; it comes back on its port with what it held. */
export class Service {
  readonly name: string;
  private readonly launch: () => Promise<Server>;
  private server: Server;

  constructor(name: string, server: Server, launch: () => Promise<Server>) {
    this.name = name;
    this.server = server;
    this.launch = launch;
  }

  async outage(downMs: number): Promise<void> {
    await stopServer(this.server);
    await delay(downMs);
    await this.start();
  }

  /** Without notice, as when the machine loses power; it is back at once. */
  async crash(): Promise<void> {
    const { child } = this.server;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      process.kill(-child.pid, "SIGKILL");
      await exited;
    }
    await this.start();
  }

  /** What a killed server leaves, such as shared memory, goes a moment later than itself: until then it cannot start. */
  private async start(): Promise<void> {
    for (let left = START_TRIES; ; left--) {
      try {
        this.server = await this.launch();
        return;
      } catch (error) {
        if (left === 1) throw error;
        await delay(1_000);
      }
    }
  }

  stop(): Promise<void> {
    return stopServer(this.server);
  }
}

export interface Rig {
  folder: string;
  apiUrls: string[];
  key: string;
  apis: Replica[];
  workers: Replica[];
  redis: Service;
  postgres: Service;
  store: Service;
  redisUrl: string;
  databaseUrl: string;
  s3: S3Options;
  /** Empties Redis. */
  wipeRedis(): Promise<void>;
  /** Stops everything in order; how each program ended. */
  stop(): Promise<Record<string, number | string | null>>;
}

export async function startRig(folder: string, variables: NodeJS.ProcessEnv): Promise<Rig> {
  const guard = new Guard();
  const secrets = await secretsOf(folder);
  const { redis, redisUrl } = await startRedis(guard, folder, secrets);
  const { postgres, databaseUrl } = await startDatabase(guard, folder, secrets);
  const { store, s3 } = await startStore(guard, folder, secrets);
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY: s3.accessKey,
    S3_SECRET_KEY: s3.secretKey,
    S3_REGION: s3.region,
    S3_BUCKET: s3.bucket,
    // Passed on to job processes as well: whoever is left over is found by it.
    TMPDIR: temporary,
    ...variables,
  };
  const program = (
    name: string,
    bundle: string,
    more: NodeJS.ProcessEnv,
    onLine: (line: string) => void = () => {},
  ) => {
    const log = createWriteStream(join(folder, `${name}.log`), { flags: "a" });
    return new Replica(name, () => {
      const child = guard.start(process.execPath, ["--enable-source-maps", join(ROOT, "apps", bundle)], {
        env: { ...environment, ...more },
        stopSignal: "TERM",
      });
      child.stderr?.pipe(log, { end: false });
      if (child.stdout) createInterface({ input: child.stdout }).on("line", onLine);
      return child;
    });
  };
  const first = await startApi(program, "api-1", "0");
  const second = await startApi(program, "api-2", "0");
  const workers = [1, 2].map((number) =>
    program(`worker-${number}`, "worker/dist/main.js", {
      DRC_SLOTS: "none:1,cpu:1",
      DRC_THREADS: "1",
      DRC_WORKER_FOLDER: join(folder, `worker-${number}`),
    }),
  );
  const apis = [first.replica, second.replica];
  return {
    folder,
    apiUrls: [first.url, second.url],
    key: first.key ?? second.key ?? "",
    apis,
    workers,
    redis,
    postgres,
    store,
    redisUrl,
    databaseUrl,
    s3,
    async wipeRedis() {
      const client = new Redis(redisUrl);
      await client.flushall();
      client.disconnect();
    },
    async stop() {
      const ended: Record<string, number | string | null> = {};
      await Promise.all([...workers, ...apis].map(async (one) => (ended[one.name] = await one.stop())));
      await Promise.all([redis, postgres, store].map((service) => service.stop()));
      await guard.close();
      return ended;
    },
  };
}

async function startRedis(guard: Guard, folder: string, { redisPassword }: Secrets) {
  const place = join(folder, "valkey");
  const { server, redisUrl } = await startValkey(guard, place, redisPassword);
  const port = Number(new URL(redisUrl).port);
  const again = async () => (await startValkey(guard, place, redisPassword, port)).server;
  return { redisUrl, redis: new Service("Redis", server, again) };
}

async function startDatabase(guard: Guard, folder: string, { postgresPassword }: Secrets) {
  const start = (port?: number) =>
    startPostgres(guard, join(folder, "postgres"), join(folder, "postgres.log"), postgresPassword, () => {}, port);
  const { server, databaseUrl } = await start();
  const port = Number(new URL(databaseUrl).port);
  return { databaseUrl, postgres: new Service("Postgres", server, async () => (await start(port)).server) };
}

async function startStore(guard: Guard, folder: string, { s3AccessKey, s3SecretKey }: Secrets) {
  const keys = { accessKey: s3AccessKey, secretKey: s3SecretKey };
  const start = (port?: number) => startSeaweedfs(guard, join(folder, "seaweedfs"), keys, port);
  const { server, s3 } = await start();
  const port = Number(new URL(s3.endpoint).port);
  return { s3, store: new Service("the S3 server", server, async () => (await start(port)).server) };
}

/** The first start takes any port; those after it take the same. */
async function startApi(
  program: (name: string, bundle: string, more: NodeJS.ProcessEnv, onLine: (line: string) => void) => Replica,
  name: string,
  port: string,
): Promise<{ replica: Replica; url: string; key: string | undefined }> {
  const environment: NodeJS.ProcessEnv = { DRC_PORT: port };
  let key: string | undefined;
  return new Promise((resolve) => {
    const replica = program(name, "api/dist/main.js", environment, (line) => {
      if (line.startsWith("API key: ")) key = line.slice("API key: ".length);
      if (!line.startsWith("Listening: ")) return;
      const url = line.slice("Listening: ".length);
      environment.DRC_PORT = new URL(url).port;
      resolve({ replica, url, key });
    });
  });
}

/** Job processes of a worker, by the system's list of processes. */
export async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const status = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    // The name, in parentheses, may have blanks.
    const parent = Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
    if (parent === pid) children.push(Number(entry));
  }
  return children;
}

/** Processes whose command or environment names the folder; this one does not count. */
export async function processesOf(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const texts = await Promise.all(
      ["cmdline", "environ"].map((name) => readFile(`/proc/${entry}/${name}`, "utf8").catch(() => "")),
    );
    if (texts.some((text) => text.includes(folder))) found.push(Number(entry));
  }
  return found;
}
