import { ApiError } from "@drc/contracts";
import type { Transaction } from "./client.ts";

/** Any number: who makes a webhook holds this lock, so that two at once do not pass the limit together. */
const WEBHOOK_LOCK = 7_207_930;

/**
 * Checks that the server may have one more webhook.
 * @throws ApiError `CONFLICT`
 */
export async function requireFewWebhooks(transaction: Transaction, most: number): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${WEBHOOK_LOCK}::bigint)`;
  const there = await transaction.webhookEndpoint.count();
  if (there < most) return;
  throw new ApiError(
    "CONFLICT",
    `The server has ${there} webhooks, and may have ${most}. Remove one that is not needed: DELETE /v1/webhooks/ID.`,
  );
}
