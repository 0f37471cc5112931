import { createHash } from "node:crypto";
import { ApiError } from "@drc/contracts";
import {
  type CreationAnswer,
  type Database,
  type IdempotentRequest,
  keepAnswer,
  reserveIdempotencyKey,
  shareInputs,
  type Transaction,
} from "@drc/database";
import type { FastifyReply, FastifyRequest } from "fastify";

/** How long the answer of a request with an Idempotency-Key is kept. */
const KEEP_MS = 24 * 3_600_000;

/**
 * Runs a request that creates something, in one transaction. With the header `Idempotency-Key` the same request again,
 * by the same API key, gets the first one's answer and creates nothing; a failed request leaves no trace. What is there
 * when `create` looks is not deleted before its end.
 * @param sent what the caller asked for beside method and path: two requests are the same where it is.
 */
export async function createOnce(
  database: Database,
  request: FastifyRequest,
  reply: FastifyReply,
  sent: unknown,
  create: (transaction: Transaction) => Promise<CreationAnswer>,
): Promise<FastifyReply> {
  const idempotent = idempotentRequest(request, sent);
  const answer = await database.$transaction(async (transaction) => {
    await shareInputs(transaction);
    if (!idempotent) return create(transaction);
    const reservation = await reserveIdempotencyKey(transaction, idempotent);
    switch (reservation.type) {
      case "first": {
        const created = await create(transaction);
        await keepAnswer(transaction, idempotent, { ...created, body: created.kept ?? created.body });
        return created;
      }
      case "again":
        reply.header("idempotent-replayed", "true");
        return reservation.answer;
      case "other":
        throw new ApiError(
          "IDEMPOTENCY_KEY_REUSED",
          `The Idempotency-Key ${idempotent.key} was used for another request. Take a new key for each thing to create.`,
        );
    }
  });
  return reply.code(answer.status).header("location", answer.location).send(answer.body);
}

/** Undefined where the caller sends no key. */
function idempotentRequest(request: FastifyRequest, sent: unknown): IdempotentRequest | undefined {
  const key = readKey(request);
  if (key === undefined) return undefined;
  const { apiKeyId } = request.caller;
  return { apiKeyId, key, fingerprint: fingerprintOf(request, sent), keepMs: KEEP_MS };
}

function readKey({ headers }: FastifyRequest): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new ApiError(
    "MALFORMED_REQUEST",
    "The header Idempotency-Key is not valid: 1 to 255 printable characters without blanks, such as a UUID.",
  );
}

function fingerprintOf({ method, url }: FastifyRequest, sent: unknown): string {
  return createHash("sha256")
    .update(`${method} ${url}\n${JSON.stringify(sent)}`)
    .digest("hex");
}
