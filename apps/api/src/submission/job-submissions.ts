import { ApiError, type CreateJobBody } from "@drc/contracts";
import {
  type CreationAnswer,
  createJobs,
  type Database,
  type IdempotentRequest,
  isDatabaseOutage,
  keepAnswers,
  limitLockWaits,
  type NewJob,
  type Reservation,
  releaseIdempotencyKeys,
  reserveIdempotencyKeys,
  shareInputs,
  type Transaction,
} from "@drc/database";
import { Batches, type Outcome } from "../batches.ts";
import { type OnceAnswer, replay } from "../create-once.ts";
import { newJobDetail } from "../resources/job-detail.ts";
import { planJob, type Submitter } from "./create-job.ts";

/** Of a transaction; more would keep the first ones waiting for the last ones. */
const MOST_TOGETHER = 64;
/** While Postgres writes one, the next is made. */
const TRANSACTIONS = 2;
/** Another request under the same Idempotency-Key may take its time; who came with this one does not wait for that. */
const LOCK_WAIT_MS = 250;

/** One job to submit, by a key without a limit of unfinished jobs. */
export interface JobSubmission {
  body: CreateJobBody;
  submitter: Submitter;
  idempotent: IdempotentRequest | undefined;
}

/**
 * Creates jobs that are submitted at the same time in one transaction: a commit and a few round trips for all of them. Each
 * is checked, refused or answered as if it were alone.
 */
export class JobSubmissions {
  private readonly batches: Batches<JobSubmission, OnceAnswer>;

  constructor(database: Database) {
    this.batches = new Batches((submissions) => createTogether(database, submissions), {
      size: MOST_TOGETHER,
      inFlight: TRANSACTIONS,
      // The same Idempotency-Key again waits for the first one's answer.
      keyOf: ({ idempotent }) => idempotent && `${idempotent.apiKeyId} ${idempotent.key}`,
    });
  }

  submit(submission: JobSubmission): Promise<OnceAnswer> {
    return this.batches.ask(submission);
  }
}

async function createTogether(
  database: Database,
  submissions: readonly JobSubmission[],
): Promise<Outcome<OnceAnswer>[]> {
  let written = false;
  try {
    return await database.$transaction(async (transaction) => {
      await shareInputs(transaction);
      // After the wait for a deletion, which is one for all: each alone would take a connection, and leave none to others.
      if (submissions.some(({ idempotent }) => idempotent)) await limitLockWaits(transaction, LOCK_WAIT_MS);
      const outcomes = await createAll(transaction, submissions);
      written = true;
      return outcomes;
    });
  } catch (error) {
    // A statement failed for one of them, and took the others with it. Whether a commit has failed, nobody knows.
    if (written || isDatabaseOutage(error)) throw error;
    return submissions.map((one) => createAlone(database, one));
  }
}

async function createAlone(database: Database, submission: JobSubmission): Promise<OnceAnswer> {
  const [outcome] = await database.$transaction(async (transaction) => {
    await shareInputs(transaction);
    return createAll(transaction, [submission]);
  });
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

async function createAll(
  transaction: Transaction,
  submissions: readonly JobSubmission[],
): Promise<PromiseSettledResult<OnceAnswer>[]> {
  const reservations = await reserve(transaction, submissions);
  const outcomes: PromiseSettledResult<OnceAnswer>[] = [];
  const planned: { position: number; job: NewJob }[] = [];
  const refused: IdempotentRequest[] = [];
  for (const [position, { body, submitter, idempotent }] of submissions.entries()) {
    try {
      const replayed = idempotent && replay(idempotent, reservations.get(idempotent));
      if (replayed) outcomes[position] = { status: "fulfilled", value: replayed };
      else planned.push({ position, job: await planJob(transaction, body, submitter) });
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      outcomes[position] = { status: "rejected", reason };
      if (idempotent && reservations.get(idempotent)?.type === "first") refused.push(idempotent);
    }
  }
  await releaseIdempotencyKeys(transaction, refused);
  const jobs = await createJobs(
    transaction,
    planned.map(({ job }) => job),
  );
  const kept: { request: IdempotentRequest; answer: CreationAnswer }[] = [];
  for (const [i, job] of jobs.entries()) {
    const { position } = planned[i];
    const answer = answerOf(newJobDetail(job));
    outcomes[position] = { status: "fulfilled", value: { answer, replayed: false } };
    const request = submissions[position].idempotent;
    if (request) kept.push({ request, answer });
  }
  await keepAnswers(transaction, kept);
  return outcomes;
}

async function reserve(
  transaction: Transaction,
  submissions: readonly JobSubmission[],
): Promise<Map<IdempotentRequest, Reservation>> {
  const requests = submissions.flatMap(({ idempotent }) => idempotent ?? []);
  const reservations = await reserveIdempotencyKeys(transaction, requests);
  return new Map(requests.map((request, i) => [request, reservations[i]]));
}

function answerOf(job: ReturnType<typeof newJobDetail>): CreationAnswer {
  return { status: 202, location: `/v1/jobs/${job.id}`, body: job };
}
