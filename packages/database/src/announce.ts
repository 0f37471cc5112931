import {
  cutText,
  isFinal,
  type JobError,
  type JobState,
  newId,
  UNFINISHED_STATES,
  type WebhookBody,
  type WebhookMessageType,
} from "@drc/contracts";
import type { Job, WebhookEndpoint, WebhookMessage } from "../generated/client.ts";
import { databaseNow, type Transaction } from "./client.ts";
import { compressionModels, compressionState, currentJobs } from "./compression-state.ts";
import { countPoints, endOfSweep } from "./sweep-state.ts";

/** Larger results are left out of a message: its path leads to them. */
const RESULT_CHARACTERS = 8_192;
/** Of an error's findings, which may be thousands, the first ones. */
const FINDINGS = 10;
/** No single text of an error is longer; what is cut ends in an ellipsis. */
const TEXT_CHARACTERS = 1_024;
/** Any number: with the hash of a compression's identifier, it is that compression's lock. */
const COMPRESSION_LOCK = 7_207_929;
/** The same for a sweep. */
const SWEEP_LOCK = 7_207_930;

/** Writes, in the transaction that brought jobs to one state, the messages that tell of them and of what they belong to. */
export async function announceJobs(transaction: Transaction, jobs: readonly Job[], now: Date): Promise<void> {
  const state = jobs.at(0)?.state as JobState | undefined;
  if (state !== "succeeded" && state !== "failed" && state !== "cancelled" && state !== "paused") return;
  const messages = jobs.map((job) => ({
    id: job.id,
    kind: job.kind,
    name: job.name,
    labels: job.labels,
    state,
    compressionId: job.compressionId,
    sweepId: job.sweepId,
    path: `/v1/jobs/${job.id}`,
    ...outcome(job),
  }));
  await announce(transaction, `job.${state}`, now, messages);
  if (!isFinal(state)) return;
  const compressions = new Set(jobs.flatMap(({ compressionId }) => compressionId ?? []));
  for (const id of compressions) await announceCompression(transaction, id, new Set(jobs.map((job) => job.id)), now);
  for (const id of new Set(jobs.flatMap(({ sweepId }) => sweepId ?? []))) await announceSweep(transaction, id, now);
}

/** Only the last of the current jobs to end tells of the compression. */
async function announceCompression(
  transaction: Transaction,
  id: string,
  ended: ReadonlySet<string>,
  now: Date,
): Promise<void> {
  // Of two jobs that end at once, the second goes on when the first is committed, and sees its end. The lock is not the
  // compression's row: others hold that one and then want a job's, which this transaction has already.
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${COMPRESSION_LOCK}::int, hashtext(${id}))`;
  const compression = await transaction.compression.findUniqueOrThrow({ where: { id } });
  const all = await transaction.job.findMany({
    where: { compressionId: id },
    select: { id: true, state: true, result: true, error: true },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  const jobs = currentJobs(compression, all);
  // A job that was retried stands for nothing any more.
  if (!jobs.some((job) => ended.has(job.id))) return;
  if (!jobs.every((job) => isFinal(job.state as JobState))) return;
  const state = compressionState(compression, jobs);
  if (state === "running" || state === "paused") return;
  await announce(transaction, `compression.${state}`, now, [
    {
      id,
      kind: "compression",
      name: compression.name,
      labels: compression.labels,
      state,
      compressionId: id,
      sweepId: null,
      path: `/v1/compressions/${id}`,
      ...outcome({
        result: state === "succeeded" ? { models: compressionModels(compression, jobs) } : null,
        error: jobs.find((job) => job.state === "failed")?.error ?? null,
      }),
    },
  ]);
}

/** The last job of a sweep to end ends the sweep. */
async function announceSweep(transaction: Transaction, id: string, now: Date): Promise<void> {
  // As for a compression.
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${SWEEP_LOCK}::int, hashtext(${id}))`;
  if (await hasUnfinishedJobs(transaction, id)) return;
  // A retry holds the row: what it has made is seen now.
  await transaction.$queryRaw`SELECT 1 FROM "Sweep" WHERE id = ${id} FOR UPDATE`;
  if (await hasUnfinishedJobs(transaction, id)) return;
  const counts = await countPoints(transaction, id);
  const state = endOfSweep(counts);
  const sweep = await transaction.sweep.update({ where: { id }, data: { state, paused: false, endedAt: now } });
  await announce(transaction, `sweep.${state}`, now, [
    {
      id,
      kind: "sweep",
      name: sweep.name,
      labels: sweep.labels,
      state,
      compressionId: null,
      sweepId: id,
      path: `/v1/sweeps/${id}`,
      result: { points: counts },
    },
  ]);
}

async function hasUnfinishedJobs(transaction: Transaction, sweepId: string): Promise<boolean> {
  const where = { sweepId, state: { in: [...UNFINISHED_STATES] } };
  return (await transaction.job.findFirst({ where, select: { id: true } })) !== null;
}

function outcome({
  result,
  error,
}: {
  result: unknown;
  error: unknown;
}): Pick<WebhookBody["data"], "result" | "error"> {
  if (error !== null) return { error: shortened(error as JobError) };
  if (result === null || JSON.stringify(result).length > RESULT_CHARACTERS) return {};
  return { result: result as WebhookBody["data"]["result"] };
}

/** An ingest may have found thousands of bad files: the path leads to all of them. */
function shortened(error: JobError): JobError {
  const { errors, ...rest } = error;
  const few = errors
    ?.slice(0, FINDINGS)
    .map((finding) => ({ ...finding, detail: cutText(finding.detail, TEXT_CHARACTERS) }));
  return { ...rest, detail: cutText(rest.detail, TEXT_CHARACTERS), ...(few ? { errors: few } : {}) };
}

async function announce(
  transaction: Transaction,
  type: WebhookMessageType,
  now: Date,
  told: readonly WebhookBody["data"][],
): Promise<void> {
  // Held until the end of this transaction: an endpoint that is removed meanwhile must not make it fail.
  const endpoints = await transaction.$queryRaw<{ id: string }[]>`
    SELECT id FROM "WebhookEndpoint"
    WHERE state = 'enabled' AND (cardinality(events) = 0 OR ${type} = ANY(events)) FOR KEY SHARE`;
  if (endpoints.length === 0) return;
  const texts = told.map((data) => JSON.stringify({ type, timestamp: now.toISOString(), data } satisfies WebhookBody));
  for (const { id: endpointId } of endpoints) {
    await transaction.webhookMessage.createMany({
      data: texts.map((body) => ({
        id: newId("message"),
        endpointId,
        type,
        body,
        createdAt: now,
        nextAttemptAt: now,
      })),
    });
  }
}

/** Writes a message that tells nothing but that it arrives. */
export async function writeTestMessage(transaction: Transaction, endpoint: WebhookEndpoint): Promise<WebhookMessage> {
  const now = await databaseNow(transaction);
  const type = "webhook.test";
  const data = {
    id: endpoint.id,
    kind: "webhook",
    name: endpoint.description,
    labels: [],
    state: endpoint.state,
    compressionId: null,
    sweepId: null,
    path: `/v1/webhooks/${endpoint.id}`,
  };
  const body: WebhookBody = { type, timestamp: now.toISOString(), data };
  return transaction.webhookMessage.create({
    data: {
      id: newId("message"),
      endpointId: endpoint.id,
      type,
      body: JSON.stringify(body),
      trigger: "manual",
      createdAt: now,
      nextAttemptAt: now,
    },
  });
}
