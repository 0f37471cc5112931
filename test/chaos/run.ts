/** The whole trial: quiet jobs, then the same under faults, then what has to hold. */
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobDetailResource } from "@drc/contracts";
import { PatientClient, Refused } from "./client.ts";
import { injectFaults } from "./faults.ts";
import { Receiver } from "./receiver.ts";
import { processesOf, type Rig, startRig } from "./rig.ts";
import { type Counts, inspect } from "./verdict.ts";
import {
  hasEnded,
  type Inputs,
  outcomeOf,
  prepare,
  readCompression,
  submitCompression,
  submitDivergence,
  until,
} from "./workload.ts";

export interface ChaosOptions {
  /** How long faults are injected. */
  minutes: number;
  seed: number;
  /** Of a round; rounds follow each other until the time is up. */
  compressions: number;
  log(line: string): void;
}

export interface ChaosReport extends Counts {
  /** What went wrong; empty where all held. */
  faults: string[];
  injected: Record<string, number>;
  compared: number;
  seconds: number;
}

export async function runChaos({ minutes, seed, compressions, log }: ChaosOptions): Promise<ChaosReport> {
  const startedMs = performance.now();
  const since = () => `${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s`;
  const say = (line: string) => log(`${since()}  ${line}`);
  const folder = await mkdtemp(join(tmpdir(), "drc-chaos-"));
  // Where this is root's, PostgreSQL runs as another user, who has to get through.
  await chmod(folder, 0o711);
  const receiver = await Receiver.start();
  const rig = await startRig(folder, {
    DRC_SECRET_KEY: randomBytes(32).toString("hex"),
    DRC_WEBHOOK_ALLOW: "127.0.0.0/8",
    DRC_WEBHOOK_RETRY_SECONDS: Array(200).fill(2).join(","),
    DRC_RATE_LIMIT: "0",
  });
  try {
    const client = new PatientClient(rig.apiUrls, rig.key);
    const { id: endpointId, secret } = await client.post<{ id: string; secret: string }>("/v1/webhooks", {
      url: receiver.url,
    });
    receiver.trust(secret);
    const inputs = await prepare(client);
    say(`A network is trained; ${compressions} compressions without faults.`);
    const expected = await runQuietly(client, inputs, compressions);
    say("They have ended. The same under faults:");
    const trouble = await runUnderFaults(
      rig,
      receiver,
      client,
      inputs,
      { minutes, seed, compressions, log: say },
      expected,
    );
    await until("all webhooks are delivered", async () =>
      (await pending(client, endpointId)) === 0 ? true : undefined,
    );
    const { faults, counts } = await inspect(rig, endpointId, receiver.heard);
    if (receiver.forged > 0) faults.push(`${receiver.forged} webhooks had a wrong signature`);
    const ends = await rig.stop();
    for (const [name, end] of Object.entries(ends))
      if (end !== 0) faults.push(`${name} ended with ${end} when it was stopped`);
    const left = await processesOf(folder);
    if (left.length > 0) faults.push(`processes are left over: ${left.join(", ")}`);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    return { ...counts, ...trouble, faults: [...trouble.faults, ...faults], seconds };
  } finally {
    await rig.stop();
    await receiver.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function runQuietly(client: PatientClient, inputs: Inputs, compressions: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < compressions; i++) ids.push(await submitCompression(client, inputs, i));
  await untilEnded(client, ids);
  const outcomes: string[] = [];
  for (const id of ids) {
    const { state } = await readCompression(client, id);
    if (state !== "succeeded") throw new Error(`The compression ${id} ${state} without any fault.`);
    outcomes.push(await outcomeOf(client, id));
  }
  return outcomes;
}

async function runUnderFaults(
  rig: Rig,
  receiver: Receiver,
  client: PatientClient,
  inputs: Inputs,
  { minutes, seed, compressions, log }: ChaosOptions,
  expected: readonly string[],
) {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), minutes * 60_000);
  const injecting = injectFaults(rig, receiver, seed, over.signal, log);
  // Heard where it is awaited; until then it must not end the process.
  injecting.catch(() => over.abort());
  const faults: string[] = [];
  let compared = 0;
  try {
    for (let round = 1; round === 1 || !over.signal.aborted; round++) {
      const ids: string[] = [];
      for (let i = 0; i < compressions; i++) ids.push(await submitCompression(client, inputs, i));
      const divergence = await submitDivergence(client, inputs);
      const cancelled = await submitCompression(client, inputs, 0);
      await cancel(client, cancelled);
      log(`Round ${round}: ${compressions} compressions, one that is cancelled, and a training that diverges.`);
      await pauseForAWhile(client, ids[0]);
      await untilEnded(client, [...ids, cancelled]);
      for (const [i, id] of ids.entries()) {
        if ((await outcomeOf(client, id)) === expected[i]) compared++;
        else faults.push(`the compression ${id} gave something else than without faults`);
      }
      faults.push(...(await wrongEnd(client, divergence)));
      const { state } = await readCompression(client, cancelled);
      if (state !== "cancelled") faults.push(`the compression ${cancelled} was cancelled and is ${state}`);
      log(`Round ${round} has ended.`);
    }
  } finally {
    clearTimeout(timer);
    over.abort();
  }
  const injected = await injecting;
  return { faults, injected, compared };
}

/** What has ended meanwhile cannot be paused, and need not be. */
async function pauseForAWhile(client: PatientClient, id: string): Promise<void> {
  for (const verb of ["pause", "resume", "pause", "resume"]) {
    await client.post(`/v1/compressions/${id}/${verb}`).catch((error: unknown) => {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
    });
  }
}

/** Until it is accepted: the answer of a request may have got lost, and then it was cancelled already. */
async function cancel(client: PatientClient, id: string): Promise<void> {
  await client.post(`/v1/compressions/${id}/cancel`).catch((error: unknown) => {
    if (!(error instanceof Refused) || error.status !== 409) throw error;
  });
}

async function untilEnded(client: PatientClient, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await until(`the compression ${id} has ended`, async () =>
      hasEnded(await readCompression(client, id)) ? true : undefined,
    );
  }
}

async function wrongEnd(client: PatientClient, id: string): Promise<string[]> {
  const job = await until(`the training ${id} has ended`, async () => {
    const found = await client.get<JobDetailResource>(`/v1/jobs/${id}`);
    return found.endedAt === null ? undefined : found;
  });
  return job.error?.code === "TRAINING_DIVERGED"
    ? []
    : [`the training ${id} that diverges is ${job.state}: ${JSON.stringify(job.error)}`];
}

async function pending(client: PatientClient, endpointId: string): Promise<number> {
  const { items } = await client.get<{ items: unknown[] }>(`/v1/webhooks/${endpointId}/messages?state=pending&limit=1`);
  return items.length;
}
