import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { killPrograms, type Program, startProgram } from "../test/program.ts";
import { cacheFolder, isComplete, makeCacheEntry } from "./cache.mjs";

let parent: string;
let entry: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "drc-cache-test-"));
  entry = join(parent, "runtime-1.0");
});
afterEach(() => {
  killPrograms();
  rmSync(parent, { recursive: true, force: true });
});

/** Makes the entry of two files; stops between them until told to go on. */
const maker = (): Program =>
  startProgram(
    "makeCacheEntry",
    `import { writeFileSync } from "node:fs";
    const { made } = await makeCacheEntry(
      ${JSON.stringify(entry)},
      async (staging) => {
        writeFileSync(staging + "/first", String(process.pid));
        say("half made");
        await told();
        writeFileSync(staging + "/second", String(process.pid));
        return { by: process.pid };
      },
      (pid) => say("waits for " + pid),
    );
    say(made ? "made it" : "found it");`,
  );

/** Who wrote each file of the entry. */
const writers = () => [
  readFileSync(join(entry, "first"), "utf8"),
  readFileSync(join(entry, "second"), "utf8"),
  String(JSON.parse(readFileSync(join(entry, "complete.json"), "utf8")).by),
];

it("shows an entry only when it is whole", async () => {
  const program = maker();
  expect(await program.line()).toBe("half made");
  expect(isComplete(entry)).toBe(false);
  expect(existsSync(entry)).toBe(false);
  program.tell();
  expect(await program.line()).toBe("made it");
  expect(isComplete(entry)).toBe(true);
  expect(readdirSync(parent)).toEqual(["runtime-1.0"]);
});

it("uses nothing of what a killed process had half made", async () => {
  const first = maker();
  expect(await first.line()).toBe("half made");
  await first.kill();
  expect(readdirSync(parent)).toHaveLength(1);
  expect(existsSync(entry)).toBe(false);

  const second = maker();
  expect(await second.line()).toBe("half made");
  second.tell();
  expect(await second.line()).toBe("made it");
  expect(writers()).toEqual(Array(3).fill(String(second.pid)));
  expect(readdirSync(parent)).toEqual(["runtime-1.0"]);
});

it("lets a waiting process use what the first has made", async () => {
  const first = maker();
  expect(await first.line()).toBe("half made");
  const second = maker();
  expect(await second.line()).toBe(`waits for ${first.pid}`);
  first.tell();
  expect(await first.line()).toBe("made it");
  expect(await second.line()).toBe("found it");
  expect(writers()).toEqual(Array(3).fill(String(first.pid)));
});

it("lets a waiting process make it when the first is killed", async () => {
  const first = maker();
  expect(await first.line()).toBe("half made");
  const second = maker();
  expect(await second.line()).toBe(`waits for ${first.pid}`);
  await first.kill();
  expect(await second.line()).toBe("half made");
  second.tell();
  expect(await second.line()).toBe("made it");
  expect(writers()).toEqual(Array(3).fill(String(second.pid)));
  expect(readdirSync(parent)).toEqual(["runtime-1.0"]);
});

it("leaves nothing when making it fails", async () => {
  const failing = makeCacheEntry(entry, async (staging) => {
    writeFileSync(join(staging, "first"), "half");
    throw new Error("no space");
  });
  await expect(failing).rejects.toThrow("no space");
  expect(readdirSync(parent)).toEqual([]);
});

it("replaces a folder that has no completion marker", async () => {
  mkdirSync(entry);
  writeFileSync(join(entry, "first"), "half");
  const { made } = await makeCacheEntry(entry, async (staging) => {
    writeFileSync(join(staging, "second"), "whole");
    return {};
  });
  expect(made).toBe(true);
  expect(readdirSync(entry).sort()).toEqual(["complete.json", "second"]);
});

it("leaves the half-made entry of another version alone", async () => {
  const other = join(parent, ".runtime-1.0.1.partial-00000000");
  mkdirSync(other);
  await makeCacheEntry(entry, async () => ({}));
  expect(existsSync(other)).toBe(true);
});

it("lies where the environment says", () => {
  expect(cacheFolder({ DRC_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
  expect(cacheFolder({ XDG_CACHE_HOME: "/b" })).toBe("/b/drc");
  expect(cacheFolder({ XDG_CACHE_HOME: "relative" })).toBe(join(homedir(), ".cache/drc"));
});
