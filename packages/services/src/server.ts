import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { stopGuarded } from "./guard.ts";

const READY_WITHIN_MS = 60_000;

/** A server that this package runs. */
export interface Server {
  name: string;
  child: ChildProcess;
  logFile: string;
  stopSignal: "SIGINT" | "SIGTERM";
}

/** Keeps what the server prints. */
export function logTo(child: ChildProcess, logFile: string): void {
  const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  child.once("close", () => log.end());
}

/** Asks `check` until it succeeds; an error with the end of the log where the server ends, or takes too long. */
export async function untilServing({ name, child, logFile }: Server, check: () => Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || performance.now() > deadlineMs) {
        const what = ended ? "ended while it started" : `did not answer (${(error as Error).message})`;
        const log = (await readFile(logFile, "utf8").catch(() => "")).trim().split("\n").slice(-5).join("\n");
        throw new Error(`${name} ${what}. The end of ${logFile}:\n${log}`);
      }
    }
    await delay(100);
  }
}

export function stopServer({ child, stopSignal }: Server): Promise<void> {
  return stopGuarded(child, stopSignal, 10_000);
}
