import { randomBytes } from "node:crypto";
import type { WebhookEndpoint } from "../generated/client.ts";
import type { Database, Transaction } from "./client.ts";

/** How long an attempt keeps its message: far longer than one may take. */
export const WEBHOOK_LEASE_MS = 60_000;
/** An endpoint of which every delivery has failed for so long is disabled. */
const FAILING_DAYS = 5;

export interface WebhookClaim {
  /** At most so many messages at once. */
  limit: number;
  /** Attempts to one endpoint that go on at once, of all replicas: a slow one must not take everything. */
  perEndpoint: number;
  leaseMs?: number;
}

/** One attempt to make. */
export interface ClaimedMessage {
  id: string;
  body: string;
  attemptNumber: number;
  /** Of the present round, before this attempt. */
  failureCount: number;
  leaseToken: string;
  /** The secrets as they are kept; the previous one as long as it signs. */
  endpoint: Pick<WebhookEndpoint, "id" | "url" | "secret" | "previousSecret">;
}

/**
 * Claims messages that are due, each for one attempt, which is noted at once. An attempt whose end nobody notes within
 * the lease was lost: the message is due again, under the same identifier.
 */
export async function claimWebhookMessages(database: Database, claim: WebhookClaim): Promise<ClaimedMessage[]> {
  const { limit, perEndpoint, leaseMs = WEBHOOK_LEASE_MS } = claim;
  const leaseToken = randomBytes(16).toString("hex");
  return database.$transaction(async (transaction) => {
    // Of each endpoint no more rows are read than it may have: a receiver that is away may leave a hundred thousand. The
    // time of the transaction, which has just begun, lets the indexes be used; the row itself is looked at by the clock.
    const claimed = await transaction.$queryRaw<(Omit<ClaimedMessage, "endpoint"> & { endpointId: string })[]>`
      WITH busy AS (
        SELECT "endpointId", count(*) AS attempts FROM "WebhookMessage"
        WHERE "leaseExpiresAt" >= now() AND state = 'pending' GROUP BY 1
      ), due AS (
        SELECT message.id FROM "WebhookEndpoint" endpoint
        LEFT JOIN busy ON busy."endpointId" = endpoint.id
        CROSS JOIN LATERAL (
          SELECT id, "nextAttemptAt" FROM "WebhookMessage"
          WHERE "endpointId" = endpoint.id AND state = 'pending' AND "nextAttemptAt" <= now()
            AND ("leaseExpiresAt" IS NULL OR "leaseExpiresAt" < now())
          ORDER BY "nextAttemptAt", id LIMIT greatest(${perEndpoint} - coalesce(busy.attempts, 0), 0)
        ) message
        WHERE endpoint.state = 'enabled' ORDER BY message."nextAttemptAt" LIMIT ${limit}
      ), chosen AS (
        SELECT id FROM "WebhookMessage"
        WHERE id IN (SELECT id FROM due)
          AND state = 'pending' AND ("leaseExpiresAt" IS NULL OR "leaseExpiresAt" < clock_timestamp())
        FOR NO KEY UPDATE SKIP LOCKED
      )
      UPDATE "WebhookMessage" message SET "leaseToken" = ${leaseToken}, "attemptCount" = "attemptCount" + 1,
        "leaseExpiresAt" = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
      FROM chosen WHERE message.id = chosen.id
      RETURNING message.id, message."endpointId", message.body, message."attemptCount" AS "attemptNumber",
        message."failureCount", message."leaseToken"`;
    if (claimed.length === 0) return [];
    const ids = claimed.map(({ id }) => id);
    await transaction.$executeRaw`
      UPDATE "WebhookAttempt" SET error = 'The server ended before the answer was noted.'
      WHERE "messageId" = ANY(${ids}) AND "durationMs" IS NULL AND error IS NULL`;
    await transaction.$executeRaw`
      INSERT INTO "WebhookAttempt" ("messageId", number, trigger, "startedAt")
      SELECT id, "attemptCount", trigger, clock_timestamp() FROM "WebhookMessage" WHERE id = ANY(${ids})`;
    const endpoints = await transaction.$queryRaw<ClaimedMessage["endpoint"][]>`
      SELECT id, url, secret,
        CASE WHEN "previousSecretEndsAt" > clock_timestamp() THEN "previousSecret" END AS "previousSecret"
      FROM "WebhookEndpoint" WHERE id = ANY(${claimed.map(({ endpointId }) => endpointId)})`;
    return claimed.flatMap(({ endpointId, ...message }) => {
      const endpoint = endpoints.find(({ id }) => id === endpointId);
      // One that was removed meanwhile takes its messages with it.
      return endpoint ? [{ ...message, endpoint }] : [];
    });
  });
}

/** What one attempt gave. */
export interface WebhookAttemptEnd {
  durationMs: number;
  status: number | null;
  error: string | null;
  response: string | null;
  /** What becomes of the message: `gone` also disables its endpoint, `stopped` counts for nothing. */
  outcome: "delivered" | "failed" | "gone" | "stopped";
  /** After a failure: until the next attempt; null where there is none. */
  retryInMs: number | null;
}

/** Notes how an attempt ended, and what follows for message and endpoint; false where its lease is lost. */
export async function recordWebhookAttempt(
  database: Database,
  message: Pick<ClaimedMessage, "id" | "attemptNumber" | "leaseToken" | "endpoint">,
  end: WebhookAttemptEnd,
): Promise<boolean> {
  const { outcome, retryInMs } = end;
  const state = outcome === "delivered" ? "delivered" : retryInMs === null ? "failed" : "pending";
  return database.$transaction(async (transaction) => {
    // The endpoint before its message, as where it is removed.
    await transaction.$queryRaw`SELECT 1 FROM "WebhookEndpoint" WHERE id = ${message.endpoint.id} FOR NO KEY UPDATE`;
    const held = await transaction.$executeRaw`
      UPDATE "WebhookMessage" SET state = ${state}, "leaseToken" = NULL, "leaseExpiresAt" = NULL,
        trigger = CASE WHEN ${outcome} = 'stopped' THEN trigger ELSE 'automatic' END,
        "failureCount" = "failureCount" + CASE WHEN ${outcome} = 'failed' THEN 1 ELSE 0 END,
        "nextAttemptAt" = clock_timestamp() + ${retryInMs}::float8 * interval '1 millisecond'
      WHERE id = ${message.id} AND "leaseToken" = ${message.leaseToken}`;
    if (held === 0) return false;
    await transaction.webhookAttempt.update({
      where: { messageId_number: { messageId: message.id, number: message.attemptNumber } },
      data: { durationMs: end.durationMs, status: end.status, error: end.error, response: end.response },
    });
    await noteHealth(transaction, message.endpoint.id, outcome);
    return true;
  });
}

async function noteHealth(
  transaction: Transaction,
  endpointId: string,
  outcome: WebhookAttemptEnd["outcome"],
): Promise<void> {
  switch (outcome) {
    case "stopped":
      return;
    case "delivered":
      await transaction.webhookEndpoint.updateMany({
        where: { id: endpointId, failingSince: { not: null } },
        data: { failingSince: null },
      });
      return;
    case "gone":
      await transaction.webhookEndpoint.updateMany({
        where: { id: endpointId, state: "enabled" },
        data: { state: "disabled", stateReason: "The receiver answered 410 Gone." },
      });
      return;
    case "failed":
      await transaction.$executeRaw`
        UPDATE "WebhookEndpoint" SET "failingSince" = clock_timestamp() WHERE id = ${endpointId} AND "failingSince" IS NULL`;
      await transaction.$executeRaw`
        UPDATE "WebhookEndpoint" SET state = 'disabled', "stateReason" = ${`Every delivery has failed for ${FAILING_DAYS} days.`}
        WHERE id = ${endpointId} AND state = 'enabled'
          AND "failingSince" < clock_timestamp() - ${FAILING_DAYS} * interval '1 day'`;
  }
}

/**
 * Makes a message due now, with the same body and identifier, and a new round of retries.
 * @returns false where an attempt is going on.
 */
export async function redeliverWebhookMessage(transaction: Transaction, messageId: string): Promise<boolean> {
  const due = await transaction.$executeRaw`
    UPDATE "WebhookMessage" SET state = 'pending', trigger = 'manual', "failureCount" = 0,
      "nextAttemptAt" = clock_timestamp(), "leaseToken" = NULL, "leaseExpiresAt" = NULL
    WHERE id = ${messageId} AND ("leaseExpiresAt" IS NULL OR "leaseExpiresAt" < clock_timestamp())`;
  return due > 0;
}
