import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { killPrograms, startProgram } from "../test/program.ts";
import { withLock } from "./lock.mjs";

let folder: string;
let name: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "drc-lock-test-"));
  name = randomUUID();
});
afterEach(() => {
  killPrograms();
  rmSync(folder, { recursive: true, force: true });
});

/** Takes the lock, says so, and holds it until told to go on. */
const holder = () =>
  startProgram(
    "withLock",
    `await withLock(
      ${JSON.stringify(name)},
      async () => {
        say("in");
        await told();
        say("out");
      },
      (pid) => say("waits for " + pid),
    );`,
  );

it("lets a second process wait for the first, and names the first", async () => {
  const first = holder();
  expect(await first.line()).toBe("in");
  const second = holder();
  expect(await second.line()).toBe(`waits for ${first.pid}`);
  first.tell();
  expect(await first.line()).toBe("out");
  expect(await second.line()).toBe("in");
  second.tell();
  expect(await second.line()).toBe("out");
});

it("is free at once when its holder is killed", async () => {
  const first = holder();
  expect(await first.line()).toBe("in");
  const second = holder();
  expect(await second.line()).toBe(`waits for ${first.pid}`);
  await first.kill();
  expect(await second.line()).toBe("in");
});

it("never has two holders, however many ask for it", async () => {
  const log = join(folder, "log");
  const programs = Array.from({ length: 4 }, () =>
    startProgram(
      "withLock",
      `import { appendFileSync } from "node:fs";
      import { setImmediate } from "node:timers/promises";
      for (let round = 0; round < 25; round++) {
        await withLock(${JSON.stringify(name)}, async () => {
          appendFileSync(${JSON.stringify(log)}, "in " + process.pid + "\\n");
          for (let turn = 0; turn < 20; turn++) await setImmediate();
          appendFileSync(${JSON.stringify(log)}, "out " + process.pid + "\\n");
        });
      }`,
    ),
  );
  for (const program of programs) expect(await program.line()).toBeUndefined();
  const lines = readFileSync(log, "utf8").trim().split("\n");
  expect(lines).toHaveLength(4 * 25 * 2);
  for (let at = 0; at < lines.length; at += 2) expect(lines[at + 1]).toBe(lines[at].replace("in", "out"));
});

it("is free after work that fails", async () => {
  const failing = withLock(name, () => Promise.reject(new Error("no space")));
  await expect(failing).rejects.toThrow("no space");
  expect(await withLock(name, async () => "again")).toBe("again");
});

it("stays taken by a command that outlives its killed holder", async () => {
  const [gate, log] = [join(folder, "gate"), join(folder, "log")];
  execFileSync("mkfifo", [gate]);
  const script = `echo started; read -r _ <${gate}; echo command ends >>${log}`;
  const first = startProgram(
    "runCommand, withLock",
    `await withLock(${JSON.stringify(name)}, (lock) =>
      runCommand("sh", ["-c", ${JSON.stringify(script)}], { lock, onLine: say }));`,
  );
  expect(await first.line()).toBe("started");
  await first.kill();
  const second = withLock(name, async () => appendFileSync(log, "second is in\n"));
  // By the time that a process has started and taken another lock, this one would long have taken its own.
  const other = startProgram("withLock", `await withLock("other " + process.pid, async () => say("in"));`);
  expect(await other.line()).toBe("in");
  writeFileSync(gate, "go on\n");
  await second;
  expect(readFileSync(log, "utf8")).toBe("command ends\nsecond is in\n");
});
