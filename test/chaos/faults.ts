/** Faults at random moments; a seed gives the same plan, though not the same moments of the jobs. */
import { setTimeout as delay } from "node:timers/promises";
import { type SeededRandom, seededRandom } from "@drc/network";
import type { Receiver } from "./receiver.ts";
import { childrenOf, type Replica, type Rig } from "./rig.ts";

const LEAST_PAUSE_MS = 2_000;
const MOST_PAUSE_MS = 6_000;
const LONGEST_OUTAGE_MS = 15_000;

type Fault = [name: string, weight: number, act: (random: SeededRandom) => Promise<string>];

/** Injects one fault after the other until `until` fires; then everything is there again. Returns how many of each. */
export async function injectFaults(
  rig: Rig,
  receiver: Receiver,
  seed: number,
  until: AbortSignal,
  log: (line: string) => void,
): Promise<Record<string, number>> {
  const random = seededRandom(seed);
  const faults = faultsOf(rig, receiver);
  const counts: Record<string, number> = {};
  while (!until.aborted) {
    await pause(LEAST_PAUSE_MS + random.uniform() * (MOST_PAUSE_MS - LEAST_PAUSE_MS), until);
    if (until.aborted) break;
    const [name, , act] = draw(faults, random);
    const details = await act(random);
    log(`${name}${details === "" ? "" : `: ${details}`}`);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  receiver.failing = false;
  return counts;
}

/** One of them, by their weights. */
function draw(faults: readonly Fault[], random: SeededRandom): Fault {
  let left = random.uniform() * faults.reduce((sum, [, weight]) => sum + weight, 0);
  for (const fault of faults) {
    left -= fault[1];
    if (left < 0) return fault;
  }
  return faults[0];
}

function faultsOf(rig: Rig, receiver: Receiver): Fault[] {
  const killOne = (replicas: readonly Replica[], signal: "SIGKILL" | "SIGTERM") => async (random: SeededRandom) => {
    const replica = replicas[random.integer(replicas.length)];
    replica.kill(signal);
    return replica.name;
  };
  const outage = (service: Rig["postgres"]) => async (random: SeededRandom) => {
    const downMs = Math.round(random.uniform() * LONGEST_OUTAGE_MS);
    await service.outage(downMs);
    return `${(downMs / 1000).toFixed(1)} s`;
  };
  return [
    ["job process killed", 5, (random) => killJob(rig, random)],
    ["worker SIGKILL", 2, killOne(rig.workers, "SIGKILL")],
    ["worker SIGTERM", 2, killOne(rig.workers, "SIGTERM")],
    ["API SIGKILL", 2, killOne(rig.apis, "SIGKILL")],
    ["API SIGTERM", 1, killOne(rig.apis, "SIGTERM")],
    ["Redis wiped", 1, () => rig.wipeRedis().then(() => "")],
    ["Redis killed", 1, () => rig.redis.crash().then(() => "")],
    ["Postgres killed", 0.5, () => rig.postgres.crash().then(() => "")],
    ["Postgres stopped", 1, outage(rig.postgres)],
    ["S3 server stopped", 1, outage(rig.store)],
    [
      "webhook receiver toggled",
      2,
      async () => {
        receiver.failing = !receiver.failing;
        return receiver.failing ? "fails" : "works";
      },
    ],
  ];
}

/** One of the job processes that run just now. */
async function killJob(rig: Rig, random: SeededRandom): Promise<string> {
  const pids = (await Promise.all(rig.workers.map(({ pid }) => (pid === undefined ? [] : childrenOf(pid))))).flat();
  if (pids.length === 0) return "none runs";
  const pid = pids[random.integer(pids.length)];
  try {
    process.kill(pid, "SIGKILL");
    return String(pid);
  } catch {
    return "it had ended";
  }
}

async function pause(ms: number, until: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: until }).catch(() => {});
}
