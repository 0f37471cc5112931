/** A server that `drc up` runs, in a new data folder, and the processes that belong to it. */
import { watch } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { buildPrograms, killRemaining, type RunningDrc, startDrc } from "./drc.ts";

/** A folder for all files of a test; `data` in it is for a server. */
export interface Workplace {
  path: string;
  data: string;
  remove(): Promise<void>;
}

export async function makeWorkplace(): Promise<Workplace> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "drc-cli-test-")));
  // Where this is root's, PostgreSQL runs as another user, who has to get through.
  await chmod(path, 0o711);
  const data = join(path, "data");
  await mkdir(data, { mode: 0o711 });
  return { path, data, remove: () => rm(path, { recursive: true, force: true }) };
}

/** `drc up`, in its data folder: the processes that it starts stay in there. */
export function startUp(dataFolder: string, env?: Record<string, string>): RunningDrc {
  return startDrc(["up", "--data-folder", dataFolder, "--port", "0"], { cwd: dataFolder, env });
}

/** A server for all tests of a file, and its workplace. It may not be ready yet: `addressOf(up)` waits for that. */
export interface TestServer {
  workplace: Workplace;
  /** Whoever starts it anew puts the new one here. */
  up: RunningDrc;
  /** The path of a file of the test. */
  at(name: string): string;
  /** With which a command finds this server. */
  options: string[];
  stop(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  await buildPrograms();
  const workplace = await makeWorkplace();
  const up = startUp(workplace.data);
  const server: TestServer = {
    workplace,
    up,
    at: (name) => join(workplace.path, name),
    options: ["--data-folder", workplace.data],
    async stop() {
      server.up.kill("SIGINT");
      await server.up.ended;
      await killRemaining();
      await untilNoProcessIn(workplace.data);
      await workplace.remove();
    },
  };
  return server;
}

/** The address, once the server is ready. */
export async function addressOf(up: RunningDrc): Promise<string> {
  return (await up.line(/^The server is ready: /)).replace("The server is ready: ", "");
}

/** The key that the command line finds. */
export async function keyOf(dataFolder: string): Promise<string> {
  return JSON.parse(await readFile(join(dataFolder, "connection.json"), "utf8")).key;
}

/** Resolves when a file of that name appears in the folder. */
export function appearance(folder: string, name: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, (_event, file) => {
      if (file !== name) return;
      watcher.close();
      resolve();
    });
  });
}

/** The command lines of all processes that work in the folder, which holds for what `startUp` starts. */
export async function processesIn(folder: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // One that has ended, or is another user's, has no such link.
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => "");
      if (place !== folder && !place.startsWith(`${folder}/`)) return [];
      const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return [`${pid} ${commandLine.replaceAll("\0", " ").trim()}`];
    }),
  );
  return found.flat();
}

/** Waits until nobody works in the folder. What is ended by no child of this process can only be asked for. */
export async function untilNoProcessIn(folder: string): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const left = await processesIn(folder);
    if (left.length === 0) return;
    if (performance.now() > deadlineMs) throw new Error(`These are still there:\n${left.join("\n")}`);
    await delay(50);
  }
}
