/** The real server for tests in a browser: API and worker as programs of their own, on the services of the test run. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DrcClient } from "@drc/sdk";
import { buildBundles } from "../../../../scripts/lib/bundles.mjs";
import { buildDashboard } from "../../../../scripts/lib/dashboard.mjs";
import { type TestServices, useServices } from "../../../../test/services.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

export interface DashboardServer {
  url: string;
  /** Of an administrator. */
  key: string;
  client: DrcClient;
  services: TestServices;
  /** Ends the API at once, as when the machine fails. */
  killApi(): Promise<void>;
  /** At the same address as before, with these settings in the place of the usual ones; not where it runs. */
  startApi(settings?: Record<string, string>): Promise<void>;
  /** It takes connections and says nothing. */
  hangApi(): void;
  /** It goes on where it hung. */
  wakeApi(): void;
  /** A worker with these slots, such as `none:1,cpu:1`; without one no job runs. */
  startWorker(slots?: string): Promise<void>;
  stop(): Promise<void>;
}

/** Everything but a worker. The programs and pages become what the sources say. */
export async function startDashboardServer(): Promise<DashboardServer> {
  await buildBundles(ROOT);
  await buildDashboard(ROOT);
  const services = await useServices();
  const folder = await mkdtemp(join(tmpdir(), "drc-dashboard-test-"));
  const children = new Set<ChildProcess>();
  const run = (program: string, more: Record<string, string>): ChildProcess => {
    const child = spawn(process.execPath, ["--enable-source-maps", join(ROOT, `apps/${program}/dist/main.js`)], {
      // With DRC_TEST_LOG the programs' logs are seen.
      stdio: ["ignore", "pipe", process.env.DRC_TEST_LOG ? "inherit" : "ignore"],
      env: { ...environment(services), ...more },
    });
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  };
  let port = "0";
  let api: ChildProcess;
  const startApi = (settings: Record<string, string> = {}) => {
    api = run("api", { DRC_PORT: port, DRC_WEBHOOK_ALLOW: "127.0.0.0/8", DRC_RATE_LIMIT: "0", ...settings });
    return printed(api, /^(API key|Listening): (.*)$/, "Listening");
  };
  const { Listening: url, "API key": key } = await startApi();
  port = new URL(url).port;
  const client = new DrcClient({ url, key });
  return {
    url,
    key,
    client,
    services,
    async killApi() {
      const exited = once(api, "exit");
      api.kill("SIGKILL");
      await exited;
    },
    async startApi(settings) {
      if (api.exitCode !== null || api.signalCode !== null) await startApi(settings);
    },
    hangApi: () => void api.kill("SIGSTOP"),
    wakeApi: () => void api.kill("SIGCONT"),
    async startWorker(slots = "none:1,cpu:1") {
      const before = await services.database.worker.count();
      run("worker", { DRC_SLOTS: slots, DRC_WORKER_FOLDER: join(folder, `worker-${before}`) });
      for (;;) {
        const { workers = [] } = await client.server.readiness();
        const tried = workers.every(({ backends }) => backends.every(({ state }) => state !== "trying"));
        if (workers.length > before && tried) return;
        await delay(50);
      }
    },
    async stop() {
      const exits = [...children].map((child) => once(child, "exit"));
      api.kill("SIGCONT");
      for (const child of children) child.kill("SIGTERM");
      const late = setTimeout(() => {
        for (const child of children) child.kill("SIGKILL");
      }, 15_000);
      await Promise.all(exits);
      clearTimeout(late);
      await services.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a program prints as `name: value`, up to `last`. */
async function printed(child: ChildProcess, pattern: RegExp, last: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  if (!child.stdout) throw new Error("The program has no output.");
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, value] = pattern.exec(line) ?? [];
    if (name !== undefined) found[name] = value;
    if (name === last) return found;
  }
  throw new Error("The program ended before it listened.");
}

function environment({ databaseUrl, redisUrl, s3 }: TestServices): Record<string, string> {
  const { PATH = "", HOME = "", DRC_CACHE } = process.env;
  return {
    PATH,
    HOME,
    ...(DRC_CACHE === undefined ? {} : { DRC_CACHE }),
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY: s3.accessKey,
    S3_SECRET_KEY: s3.secretKey,
    S3_BUCKET: s3.bucket,
    DRC_SECRET_KEY: "5".repeat(64),
    DRC_LOG_LEVEL: "warn",
    TF_CPP_MIN_LOG_LEVEL: "3",
  };
}
