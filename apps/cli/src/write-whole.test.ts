import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeWhole } from "./write-whole.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drc-write-"));
});
afterEach(() => rm(folder, { recursive: true }));

const never = new AbortController().signal;

/** A stream that gives a first part; what happens when it is asked for more is `more`. */
function stream(more: (stream: Readable) => unknown): Readable {
  let reads = 0;
  return new Readable({
    read() {
      if (reads++ === 0) this.push("first, ");
      else more(this);
    },
  });
}

describe("writeWhole", () => {
  it("writes bytes, and parts as they come, under the name when all are there", async () => {
    let before: string[] = [];
    const arriving = stream(async (parts) => {
      // The stream may be asked before the file is made.
      await vi.waitUntil(() => {
        before = readdirSync(folder);
        return before.length > 0;
      });
      parts.push("second");
      parts.push(null);
    });
    await writeWhole(join(folder, "parts"), arriving, never);
    expect(before).toEqual([`parts.${process.pid}.part`]);
    await writeWhole(join(folder, "bytes"), Buffer.from("all at once"), never);
    expect(await readFile(join(folder, "parts"), "utf8")).toBe("first, second");
    expect(await readFile(join(folder, "bytes"), "utf8")).toBe("all at once");
    expect((await readdir(folder)).sort()).toEqual(["bytes", "parts"]);
  });

  it("leaves nothing where the parts fail", async () => {
    const failing = stream((parts) => parts.destroy(new Error("The line broke.")));
    await expect(writeWhole(join(folder, "file"), failing, never)).rejects.toThrow("The line broke.");
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves nothing where it is told to stop, and ends with the reason", async () => {
    const controller = new AbortController();
    const stalled = stream(() => controller.abort(new Error("Stopped.")));
    await expect(writeWhole(join(folder, "file"), stalled, controller.signal)).rejects.toThrow("Stopped.");
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("writeOutput", () => {
  function run(program: string) {
    const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", program];
    return spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  }

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("leaves nothing after %s, and says so", async (signal) => {
    // A process of its own: the signal must not reach this one.
    const program = `
      import { Readable } from "node:stream";
      import { writeOutput } from ${JSON.stringify(new URL("write-whole.ts", import.meta.url).href)};
      let reads = 0;
      const read = function () {
        if (reads++ === 0) this.push("first");
        else process.stdout.write("under way\\n");
      };
      setTimeout(() => process.exit(), 30_000);
      await writeOutput("file", new Readable({ read })).catch(({ message, exitCode }) => {
        process.stdout.write(message);
        process.exit(exitCode);
      });`;
    const child = run(program);
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed === "under way\n") child.kill(signal);
    });
    const [code] = await once(child, "close");
    expect({ code, printed }).toEqual({ code: 130, printed: `under way\nStopped by ${signal}.` });
    expect(await readdir(folder)).toEqual([]);
  });

  it("says that it was stopped where the signal came while the file got its name, and leaves it whole", async () => {
    const child = run(`
      import fs from "node:fs/promises";
      import { syncBuiltinESMExports } from "node:module";
      import { writeOutput } from ${JSON.stringify(new URL("write-whole.ts", import.meta.url).href)};
      const { rename } = fs;
      fs.rename = async (...paths) => {
        const signalled = new Promise((resolve) => process.once("SIGINT", resolve));
        process.kill(process.pid, "SIGINT");
        await signalled;
        await rename(...paths);
      };
      syncBuiltinESMExports();
      setTimeout(() => process.exit(), 30_000);
      await writeOutput("file", Buffer.from("all of it")).catch(({ message, exitCode }) => {
        process.stdout.write(message);
        process.exit(exitCode);
      });
      process.exit();`);
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    const [code] = await once(child, "close");
    expect({ code, printed }).toEqual({ code: 130, printed: "Stopped by SIGINT." });
    expect(await readFile(join(folder, "file"), "utf8")).toBe("all of it");
    expect(await readdir(folder)).toEqual(["file"]);
  });
});
