/**
 * A comparison on a machine that is never quite idle: this program and another one run in turns, and what counts is
 * the ratio within a round.
 */
import { spawn } from "node:child_process";
import { CliError } from "../cli-error.ts";
import { median } from "./measurement.ts";

export interface Round {
  ownMs: number;
  otherMs: number;
}

export interface Comparison {
  case: string;
  against: string;
  rounds: Round[];
  /** Own time over the other's. */
  medianRatio: number;
  leastRatio: number;
  greatestRatio: number;
  threads: number;
}

/** A program that prints JSON lines with at least `case` and `ms`, and `threads` where it knows them. */
interface Contender {
  command: string;
  args: string[];
  label: string;
}

/** Runs this program's case and the shell command `against` in turns; who goes first changes with each round. */
export async function compareInTurns(
  name: string,
  against: string,
  rounds: number,
  threads: number,
  onRound: (round: Round) => void,
): Promise<Comparison> {
  const own: Contender = {
    command: process.execPath,
    args: [process.argv[1], "--case", name, "--json", "--threads", String(threads)],
    label: "this benchmark",
  };
  const other: Contender = { command: "/bin/sh", args: ["-c", against], label: `--against: ${against}` };
  const measured: Round[] = [];
  for (let i = 0; i < rounds; i++) {
    // The other one opens: where its command is wrong, that shows at once.
    const otherFirst = i % 2 === 0;
    const first = await runContender(otherFirst ? other : own, name, threads);
    const second = await runContender(otherFirst ? own : other, name, threads);
    const round = otherFirst ? { ownMs: second, otherMs: first } : { ownMs: first, otherMs: second };
    measured.push(round);
    onRound(round);
  }
  const ratios = measured.map(({ ownMs, otherMs }) => ownMs / otherMs);
  return {
    case: name,
    against,
    rounds: measured,
    medianRatio: median(ratios),
    leastRatio: Math.min(...ratios),
    greatestRatio: Math.max(...ratios),
    threads,
  };
}

async function runContender({ command, args, label }: Contender, name: string, threads: number): Promise<number> {
  const { code, output } = await runToEnd(command, args, threads);
  if (code !== 0) throw new CliError(`${label} ended with ${code}`);
  const line = output
    .split("\n")
    .map(parseLine)
    .find((parsed) => parsed?.case === name);
  if (!line || typeof line.ms !== "number" || !(line.ms > 0)) {
    throw new CliError(`${label} printed no JSON line with "case": "${name}" and a time "ms"`);
  }
  if (line.threads !== undefined && line.threads !== threads) {
    throw new CliError(`${label} ran with ${line.threads} threads, not ${threads}: the two cannot be compared`);
  }
  return line.ms;
}

function runToEnd(command: string, args: string[], threads: number): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "inherit"],
      // The variable that OpenMP, and with it most numeric programs, takes the number of threads from.
      env: { ...process.env, OMP_NUM_THREADS: String(threads) },
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

function parseLine(line: string): { case?: unknown; ms?: unknown; threads?: unknown } | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
