import { createHash } from "node:crypto";
import { ApiError } from "@drc/contracts";
import {
  type CreationAnswer,
  type Database,
  type IdempotentRequest,
  keepAnswers,
  type Reservation,
  reserveIdempotencyKeys,
  shareInputs,
  type Transaction,
} from "@drc/database";
import type { FastifyReply, FastifyRequest } from "fastify";

/** How long the answer of a request with an Idempotency-Key is kept. */
const KEEP_MS = 24 * 3_600_000;

/** What a request that creates something is answered, for the first time or again. */
export interface OnceAnswer {
  answer: CreationAnswer;
  replayed: boolean;
}

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
  const once = await database.$transaction(async (transaction): Promise<OnceAnswer> => {
    await shareInputs(transaction);
    if (!idempotent) return { answer: await create(transaction), replayed: false };
    const [reservation] = await reserveIdempotencyKeys(transaction, [idempotent]);
    const replayed = replay(idempotent, reservation);
    if (replayed) return replayed;
    const answer = await create(transaction);
    await keepAnswers(transaction, [{ request: idempotent, answer }]);
    return { answer, replayed: false };
  });
  return sendOnce(reply, once);
}

/**
 * The first answer, where there was one.
 * @throws ApiError `IDEMPOTENCY_KEY_REUSED`
 */
export function replay({ key }: IdempotentRequest, reservation: Reservation | undefined): OnceAnswer | undefined {
  switch (reservation?.type) {
    case "again":
      return { answer: reservation.answer, replayed: true };
    case "other":
      throw new ApiError(
        "IDEMPOTENCY_KEY_REUSED",
        `The Idempotency-Key ${key} was used for another request. Take a new key for each thing to create.`,
      );
  }
}

export function sendOnce(reply: FastifyReply, { answer, replayed }: OnceAnswer): FastifyReply {
  if (replayed) reply.header("idempotent-replayed", "true");
  return reply.code(answer.status).header("location", answer.location).send(answer.body);
}

/** Undefined where the caller sends no key. */
export function idempotentRequest(request: FastifyRequest, sent: unknown): IdempotentRequest | undefined {
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
