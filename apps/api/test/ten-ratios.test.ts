import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endAttempt, registerBlobs } from "@drc/database";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { WebhookDelivery } from "../src/keepers/webhook-delivery.ts";
import { storedModel } from "./support/api.ts";
import { startTestSweeps, type TestSweeps } from "./support/sweeps.ts";

const EXAMPLE = fileURLToPath(new URL("../../../examples/ten-ratios.mjs", import.meta.url));

let test: TestSweeps;
let delivery: WebhookDelivery;
let folder: string;
let url: string;
let program: ChildProcess | undefined;

beforeAll(async () => {
  test = await startTestSweeps();
  const { services, webhooks } = test.api;
  delivery = new WebhookDelivery({ database: services.database, webhooks }, pino({ level: "silent" }));
  delivery.start();
  url = await test.api.app.listen({ host: "127.0.0.1", port: 0 });
  folder = await mkdtemp(join(tmpdir(), "ten-ratios-"));
  for (const { name, bytes } of await photographs(2)) await writeFile(join(folder, name), bytes);
});
afterAll(async () => {
  program?.kill("SIGKILL");
  await delivery.stop();
  await test.api.stop();
  await rm(folder, { recursive: true });
});

/** As a worker does it: every job that can run succeeds, until the program has ended. */
async function work(child: ChildProcess): Promise<void> {
  const { database } = test.api.services;
  while (child.exitCode === null) {
    for (const { id, kind } of await database.job.findMany({ where: { state: "queued" } })) {
      if (kind === "ingest") await ingest(id);
      else await test.succeed(id);
    }
    await delay(20);
  }
}

async function ingest(jobId: string): Promise<void> {
  const { database } = test.api.services;
  const blob = { sha256: "c".repeat(64), sizeBytes: 1 };
  await registerBlobs(database, [blob]);
  const images = [0, 1].map((i) => ({ name: `${i}.png`, width: 200, height: 200, hr: blob, lrs: [blob] }));
  await endAttempt(database, await test.claim(jobId), {
    type: "succeeded",
    result: { images: 2, skippedFiles: 0, notes: [], noteCounts: {} },
    products: { dataset: { images, notes: [], badFiles: [] } },
  });
}

function start(...options: string[]) {
  const child = spawn(process.execPath, [EXAMPLE, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, DRC_URL: url, DRC_API_KEY: test.api.key },
  });
  program = child;
  return child;
}

it("compresses by ten ratios, is told by signed webhooks of each end, prints a table and removes its webhook", async () => {
  const { services } = test.api;
  const model = await storedModel(test.api, { scale: 4, blocks: 2, features: 8 });
  const child = start("--images", folder, "--model", model);
  const [table, progress] = [text(child.stdout), text(child.stderr)];
  const ended = once(child, "exit");
  await work(child);
  expect(await ended, await progress).toEqual([0, null]);
  expect(await progress).toContain("10 of 10 have ended.");
  const rows = (await table).split("\n").filter((row) => row.includes("succeeded"));
  expect(rows.map((row) => /'(\d+ %)'/.exec(row)?.[1])).toEqual(
    [5, 10, 15, 20, 25, 30, 35, 40, 45, 50].map((percent) => `${percent} %`),
  );
  expect(await services.database.webhookEndpoint.count()).toBe(0);
  expect(await services.database.compression.count({ where: { labels: { has: "ten-ratios" } } })).toBe(10);
});

it("removes its webhook when it is stopped, and says what goes on and how to cancel it", async () => {
  const { database } = test.api.services;
  const before = await database.compression.count();
  const model = await storedModel(test.api, { scale: 4, blocks: 2, features: 8 });
  const child = start("--images", folder, "--model", model);
  const progress = text(child.stderr);
  const ended = once(child, "exit");
  while (child.exitCode === null && (await database.compression.count()) < before + 10) {
    for (const { id } of await database.job.findMany({ where: { state: "queued", kind: "ingest" } })) await ingest(id);
    await delay(20);
  }
  expect(await database.webhookEndpoint.count()).toBe(1);
  child.kill("SIGTERM");
  expect(await ended, await progress).toEqual([143, null]);
  expect(await database.webhookEndpoint.count()).toBe(0);
  expect(await progress).toMatch(/The webhook is removed\.\nAt the server goes on:( cmp_\w+){10}\n/);
  expect(await progress).toMatch(/^To cancel all of it: for id in( cmp_\w+){10}; do npx drc cancel \$id; done$/m);
});

it("prints its options with --help, and one line for an option that it does not know", async () => {
  const help = start("--help");
  const helped = once(help, "exit");
  expect([await text(help.stdout), (await helped)[0]]).toEqual([expect.stringContaining("--evaluation"), 0]);
  const wrong = start("--ratios", "5");
  const exit = once(wrong, "exit");
  expect((await text(wrong.stderr)).trim().split("\n")).toEqual([expect.stringContaining("'--ratios'")]);
  expect((await exit)[0]).toBe(2);
});
