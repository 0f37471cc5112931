import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freePort } from "./free-port.ts";
import { secretsOf } from "./secrets.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drc-services-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process that starts a program under a guard and prints its process id. */
const PARENT = `
  import { Guard } from ${JSON.stringify(fileURLToPath(new URL("./guard.ts", import.meta.url)))};
  const child = new Guard().start("/bin/sh", ["-c", "trap '' TERM; while :; do sleep 0.2; done"], { stopSignal: "TERM" });
  console.log(child.pid);
  setInterval(() => {}, 1000);
`;

async function gone(pid: number): Promise<boolean> {
  for (let round = 0; round < 100; round++) {
    try {
      process.kill(-pid, 0);
    } catch {
      return true;
    }
    await delay(100);
  }
  return false;
}

it("ends a program whose parent is killed, though it ignores the signal", async () => {
  const args = ["--import", "tsx", "--input-type=module", "--eval", PARENT];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: parent.stdout }), "line");
  const pid = Number(line);
  expect(() => process.kill(-pid, 0)).not.toThrow();
  parent.kill("SIGKILL");
  expect(await gone(pid)).toBe(true);
});

it("makes the secrets of a data folder once", async () => {
  const first = await secretsOf(folder);
  expect(await secretsOf(folder)).toEqual(first);
  expect(new Set(Object.values(first)).size).toBe(5);
});

it("adds the secrets that a data folder of an older version lacks, and keeps the others", async () => {
  const { secretKey, ...older } = await secretsOf(folder);
  await writeFile(join(folder, "secrets.json"), JSON.stringify(older));
  const added = await secretsOf(folder);
  expect(added).toMatchObject(older);
  expect(added.secretKey).toMatch(/^[0-9a-f]{64}$/);
  expect(added.secretKey).not.toBe(secretKey);
  expect(await secretsOf(folder)).toEqual(added);
});

it("gives ports that can be listened on with those above them", async () => {
  const port = await freePort(10_000);
  expect(port).toBeGreaterThan(1024);
  expect(port + 10_000).toBeLessThan(65_536);
});
