/**
 * Processes that end with the one that started them, however it ends.
 *
 * A shell in a session of its own reads the process groups to end from a pipe whose other end only this process has.
 * When the pipe closes, it sends each group its signal and, three seconds later, SIGKILL. A process starts behind a
 * gate that opens when its group is registered: if this process dies in between, nothing starts.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";

const GUARD = `
trap '' INT TERM HUP
groups=
while read -r what group signal; do
  case $what in
    +) groups="$groups $group:$signal" ;;
    -) rest=
       for entry in $groups; do [ "\${entry%%:*}" = "$group" ] || rest="$rest $entry"; done
       groups=$rest ;;
  esac
done
for entry in $groups; do kill -s "\${entry##*:}" -- "-\${entry%%:*}" 2>/dev/null; done
round=0
while [ $round -lt 30 ]; do
  alive=
  for entry in $groups; do kill -s 0 -- "-\${entry%%:*}" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && exit 0
  sleep 0.1
  round=$((round + 1))
done
for entry in $groups; do kill -s KILL -- "-\${entry%%:*}" 2>/dev/null; done
exit 0
`;

const GATE = 'IFS= read -r _ || exit 1; exec "$@" </dev/null';

export interface GuardedOptions {
  /** What ends the process in order: Postgres takes SIGINT, others SIGTERM. */
  stopSignal: "INT" | "TERM";
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
}

export class Guard {
  private readonly shell: ChildProcess;

  constructor() {
    this.shell = spawn("/bin/sh", ["-c", GUARD], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    this.shell.stdin?.on("error", () => {});
    this.shell.unref();
  }

  /** Starts a program in a process group of its own; its output comes through pipes. */
  start(command: string, args: readonly string[], { stopSignal, ...options }: GuardedOptions): ChildProcess {
    const spawned: SpawnOptions = { ...options, detached: true, stdio: ["pipe", "pipe", "pipe"] };
    const child = spawn("/bin/sh", ["-c", GATE, "gate", command, ...args], spawned);
    child.stdin?.on("error", () => {});
    const { pid } = child;
    if (pid !== undefined) {
      this.tell(`+ ${pid} ${stopSignal}`);
      child.once("exit", () => this.tell(`- ${pid}`));
      child.stdin?.end("\n");
    }
    return child;
  }

  /** Ends what still runs, and the guard. */
  async close(): Promise<void> {
    this.shell.ref();
    this.shell.stdin?.end();
    if (this.shell.exitCode === null && this.shell.signalCode === null) await once(this.shell, "exit");
  }

  private tell(line: string): void {
    this.shell.stdin?.write(`${line}\n`);
  }
}

/** Sends the signal, and SIGKILL to the whole group where the process has not ended in time. */
export async function stopGuarded(child: ChildProcess, signal: "SIGINT" | "SIGTERM", graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const { pid } = child;
  const exited = once(child, "exit");
  child.kill(signal);
  const timer = setTimeout(() => process.kill(-pid, "SIGKILL"), graceMs);
  await exited;
  clearTimeout(timer);
}
