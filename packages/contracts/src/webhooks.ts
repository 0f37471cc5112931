/** What the REST interface takes and gives about webhooks, and what is sent to their receivers. */
import { z } from "zod";
import { jobError } from "./errors.ts";
import { compressionId, displayName, messageId, sweepId, webhookId } from "./identifiers.ts";
import { pageQuery } from "./resources.ts";

const timestamp = z.iso.datetime();
const count = z.int().min(0);

/** What a webhook can be asked to tell. */
export const WEBHOOK_EVENTS = [
  "job.succeeded",
  "job.failed",
  "job.cancelled",
  "job.paused",
  "compression.succeeded",
  "compression.failed",
  "compression.cancelled",
  "sweep.succeeded",
  "sweep.failed",
  "sweep.cancelled",
] as const;
export const webhookEvent = z.enum(WEBHOOK_EVENTS);
export type WebhookEvent = z.infer<typeof webhookEvent>;

/** What a message can be: an event, or the test that somebody asked for. */
export const webhookMessageType = z.enum([...WEBHOOK_EVENTS, "webhook.test"]);
export type WebhookMessageType = z.infer<typeof webhookMessageType>;

/** The job, compression or sweep that a message is about. */
export const webhookSubject = z.strictObject({
  id: z.string(),
  /** Of the job, such as `train`; or `compression`, `sweep`, or `webhook` in a test. */
  kind: z.string(),
  name: z.string().nullable(),
  labels: z.array(z.string()),
  state: z.string(),
  /** The compression that a job is a stage of. */
  compressionId: compressionId.nullable(),
  /** The sweep that a job belongs to. */
  sweepId: sweepId.nullable(),
  /** Where the rest stands. */
  path: z.string(),
  /** As the job has it; of a compression its models, of a sweep how many points ended in which state. Left out where there is none, or it is too large. */
  result: z.record(z.string(), z.unknown()).optional(),
  error: jobError.optional(),
});
export type WebhookSubject = z.infer<typeof webhookSubject>;

/** The body of a webhook's request. */
export const webhookBody = z.strictObject({
  type: webhookMessageType,
  /** When it happened. */
  timestamp,
  data: webhookSubject,
});
export type WebhookBody = z.infer<typeof webhookBody>;

export const webhookState = z.enum(["enabled", "disabled"]);

const url = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: "Control characters are not allowed in an address." });
const events = z.array(webhookEvent).max(WEBHOOK_EVENTS.length);

export const createWebhookBody = z.strictObject({
  /** `https:` or `http:`, with a public address. */
  url,
  description: displayName.nullish(),
  /** Which events; left out or empty, all of them. */
  events: events.default([]),
});
export type CreateWebhookBody = z.infer<typeof createWebhookBody>;

export const updateWebhookBody = z
  .strictObject({
    url: url.optional(),
    description: displayName.nullish(),
    events: events.optional(),
    state: webhookState.optional(),
  })
  .refine((body) => Object.keys(body).length > 0, {
    error: "Name at least one of url, description, events and state.",
  });

export const webhookResource = z.strictObject({
  id: webhookId,
  url: z.string(),
  description: z.string().nullable(),
  /** Which events it gets; where it is empty, all of them. */
  events: z.array(webhookEvent),
  state: webhookState,
  /** Why it is disabled, where that was not asked for. */
  stateReason: z.string().nullable(),
  /** What keeps the server from sending to it, such as a secret that it cannot read. */
  error: z.string().nullable(),
  /** Since when every delivery has failed; null where the last one went well. */
  failingSince: timestamp.nullable(),
  /** Until when the secret before the present one signs as well. */
  previousSecretEndsAt: timestamp.nullable(),
  /** Whether the key that asks may change, test and remove it: the one that made it, and administrators'. */
  mayChange: z.boolean(),
  createdAt: timestamp,
});
export type WebhookResource = z.infer<typeof webhookResource>;

/** The only answers with the secret: those that make one. */
export const webhookSecretResource = webhookResource.extend({
  /** Shown this once; null where an answer is repeated for an Idempotency-Key. */
  secret: z.string().nullable(),
});
export type WebhookSecretResource = z.infer<typeof webhookSecretResource>;

export const webhookMessageState = z.enum(["pending", "delivered", "failed"]);

export const webhookMessageResource = z.strictObject({
  /** The header `webhook-id` of every attempt. */
  id: messageId,
  webhookId,
  type: webhookMessageType,
  state: webhookMessageState,
  attempts: count,
  /** When the next attempt is due; null where there will be none. */
  nextAttemptAt: timestamp.nullable(),
  createdAt: timestamp,
});
export type WebhookMessageResource = z.infer<typeof webhookMessageResource>;

export const webhookTrigger = z.enum(["automatic", "manual"]);

export const webhookAttemptResource = z.strictObject({
  number: z.int().min(1),
  trigger: webhookTrigger,
  startedAt: timestamp,
  /** Null as long as it goes on, and where the server ended before it was noted. */
  durationMs: count.nullable(),
  /** Of the answer; null where none came. */
  status: z.int().nullable(),
  error: z.string().nullable(),
  /** The first 1024 bytes of the answer. */
  response: z.string().nullable(),
});
export type WebhookAttemptResource = z.infer<typeof webhookAttemptResource>;

export const webhookMessageDetailResource = webhookMessageResource.extend({
  /** As it is signed and sent. */
  body: z.string(),
  /** The newest first. */
  attemptHistory: z.array(webhookAttemptResource),
});
export type WebhookMessageDetailResource = z.infer<typeof webhookMessageDetailResource>;

export const webhookMessageListQuery = pageQuery.extend({ state: webhookMessageState.optional() });
