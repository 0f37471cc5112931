import {
  type ClaimedMessage,
  claimWebhookMessages,
  type Database,
  recordWebhookAttempt,
  type WebhookAttemptEnd,
} from "@drc/database";
import { retryDelayMs, sendWebhook, type WebhookAnswer } from "@drc/webhooks";
import type { Logger } from "pino";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import { openSecrets } from "../webhooks/webhook-secrets.ts";
import type { WebhookSettings } from "../webhooks/webhook-settings.ts";

/** Between two looks at what is due. */
const LOOK_MS = 400;
/** Attempts that go on at once, of this process and, to one endpoint, of all. */
const CONCURRENCY = { all: 100, perEndpoint: 4 };

export interface DeliveryDuties {
  database: Database;
  webhooks: WebhookSettings;
  metrics?: ServerMetrics;
}

/** Delivers webhooks in every replica, beside the keepers: a lease lets each attempt be made by one of them. */
export class WebhookDelivery {
  private readonly duties: DeliveryDuties;
  private readonly log: Logger;
  private readonly stopping = new AbortController();
  private readonly attempts = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private again = false;
  private failing = false;

  constructor(duties: DeliveryDuties, log: Logger) {
    this.duties = duties;
    this.log = log;
  }

  /** Without a key nothing can be signed: then messages wait. */
  start(): void {
    if (this.duties.webhooks.box) this.running = this.look();
  }

  /** Breaks off the attempts that are going on, which are made again by whoever runs next. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.running;
    await Promise.all(this.attempts);
  }

  /** Looks at once, or, where a look is under way, once more after it. */
  private wake(): void {
    if (this.stopping.signal.aborted) return;
    if (this.timer === undefined) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    this.running = this.look();
  }

  private async look(): Promise<void> {
    this.timer = undefined;
    this.again = false;
    try {
      await this.begin();
      if (this.failing) this.log.info("Webhooks are delivered again.");
      this.failing = false;
    } catch (error) {
      // An outage would fill the log with one line each time.
      if (!this.failing) this.log.error({ err: error }, "Webhooks could not be delivered; it is tried again.");
      this.failing = true;
    }
    if (this.stopping.signal.aborted) return;
    const next = () => {
      this.running = this.look();
    };
    this.timer = setTimeout(next, this.again && !this.failing ? 0 : LOOK_MS);
  }

  /** Begins an attempt for each message that is due, as far as there is room, and waits for none of them. */
  private async begin(): Promise<void> {
    const limit = CONCURRENCY.all - this.attempts.size;
    if (limit <= 0) return;
    const { database } = this.duties;
    for (const message of await claimWebhookMessages(database, { limit, perEndpoint: CONCURRENCY.perEndpoint })) {
      const attempt = deliver(this.duties, message, this.stopping.signal)
        // Its lease runs out, and the message is due again.
        .catch((error) => this.log.error({ err: error }, `The end of an attempt to deliver ${message.id} is lost.`))
        .finally(() => {
          this.attempts.delete(attempt);
          // Others may have waited for its place.
          this.wake();
        });
      this.attempts.add(attempt);
    }
  }
}

/** Makes one attempt and notes what came of it. */
async function deliver(
  { database, webhooks, metrics }: DeliveryDuties,
  message: ClaimedMessage,
  signal: AbortSignal,
): Promise<void> {
  const { id, endpoint, body } = message;
  const secrets = openSecrets(webhooks.box, endpoint);
  const answer: WebhookAnswer =
    secrets.error !== null
      ? { status: null, error: secrets.error, response: null, retryAfterMs: null, durationMs: 0 }
      : await sendWebhook(
          { id, url: endpoint.url, body: Buffer.from(body), secrets: secrets.secrets },
          { allowed: webhooks.allowed, signal },
        );
  const end = endOf(answer, message, webhooks.retryDelaysMs, signal.aborted);
  metrics?.noteWebhookAttempt(end.outcome);
  await recordWebhookAttempt(database, message, end);
}

function endOf(
  { retryAfterMs, ...answer }: WebhookAnswer,
  { failureCount }: ClaimedMessage,
  schedule: readonly number[],
  stopped: boolean,
): WebhookAttemptEnd {
  const { status } = answer;
  if (status !== null && status >= 200 && status < 300) return { ...answer, outcome: "delivered", retryInMs: null };
  if (status === 410) return { ...answer, outcome: "gone", retryInMs: null };
  if (status === null && stopped) {
    return { ...answer, error: "The server stopped before an answer came.", outcome: "stopped", retryInMs: 0 };
  }
  return { ...answer, outcome: "failed", retryInMs: retryDelayMs(schedule, failureCount + 1, retryAfterMs) };
}
