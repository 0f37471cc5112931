import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServices, useServices } from "../../../test/services.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

let services: TestServices;

beforeAll(async () => {
  services = await useServices();
});
afterAll(() => services.stop());

function start(changes: Record<string, string> = {}): ChildProcess {
  const { s3 } = services;
  return spawn(process.execPath, ["--import", "tsx", MAIN], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: services.databaseUrl,
      REDIS_URL: services.redisUrl,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY: s3.accessKey,
      S3_SECRET_KEY: s3.secretKey,
      S3_BUCKET: s3.bucket,
      DRC_PORT: "0",
      ...changes,
    },
  });
}

/** What the program prints until it listens. */
async function linesUntilListening(child: ChildProcess): Promise<string[]> {
  const lines: string[] = [];
  if (!child.stdout) throw new Error("The program has no output.");
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith("Listening: ")) return lines;
  }
  throw new Error(`The program ended: ${lines.join("\n")}`);
}

it("shows the first key once, listens, and ends on SIGTERM", async () => {
  const first = start();
  const [key, listening] = await linesUntilListening(first);
  const bearer = key.replace("API key: ", "");
  expect(bearer).toMatch(/^drc_[\w-]{43}$/);
  const url = listening.replace("Listening: ", "");
  const headers = { authorization: `Bearer ${bearer}` };
  expect((await fetch(`${url}/v1/jobs`, { headers })).status).toBe(200);
  first.kill("SIGTERM");
  expect(await once(first, "exit")).toEqual([0, null]);

  const second = start();
  expect(await linesUntilListening(second)).toHaveLength(1);
  second.kill("SIGTERM");
  expect(await once(second, "exit")).toEqual([0, null]);
});

it("names what is wrong with its configuration", async () => {
  const child = start({ REDIS_URL: "", DRC_PORT: "many" });
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  expect(await once(child, "close")).toEqual([1, null]);
  expect(errors).toMatch(/REDIS_URL/);
  expect(errors).toMatch(/DRC_PORT/);
});
