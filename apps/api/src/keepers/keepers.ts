import {
  type Database,
  type KeeperLock,
  type RetentionRules,
  reapLeases,
  reconcile,
  removeExpiredIdempotencyKeys,
  removeExpiredSessions,
  removeOldRecords,
  settleBlocked,
  takeOutbox,
} from "@drc/database";
import type { JobQueues } from "@drc/queue";
import type { Logger } from "pino";

/** Between two looks at what is due. */
const TICK_MS = 400;
/** Between two searches for lost leases and for jobs that the queue does not know. */
const REPAIR_MS = 5_000;

/** Between two collections of what nothing refers to, and from the start to the first. */
const COLLECT_MS = 3_600_000;
const FIRST_COLLECT_MS = 600_000;

export interface KeeperDuties {
  database: Database;
  queues: JobQueues;
  /** Left out, everything is kept. */
  retention?: RetentionRules;
  /** Takes its time, beside the others; ends early where the signal asks for it. */
  collect?: (signal: AbortSignal) => Promise<unknown>;
}

/** Moves on what waits: blocked jobs whose parents ended, and what has to reach the queue. */
export async function deliverWork({ database, queues }: KeeperDuties): Promise<void> {
  while ((await settleBlocked(database)) > 0);
  while ((await takeOutbox(database, (dispatches) => queues.add(...dispatches))) > 0);
}

/** Finds what went wrong, lost leases and queued jobs that Redis has forgotten, and removes what has expired. */
export async function repairWork({ database, queues, retention }: KeeperDuties): Promise<void> {
  await reapLeases(database);
  await removeExpiredIdempotencyKeys(database);
  await removeExpiredSessions(database);
  if (retention) await removeOldRecords(database, retention);
  // Last, for it is the one that needs Redis.
  await reconcile(database, queues);
}

/** Runs both for as long as this process holds the keepers' lock; other replicas stand by. */
export class Keepers {
  private readonly duties: KeeperDuties;
  private readonly lock: KeeperLock;
  private readonly log: Logger;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  private repairedAtMs = Number.NEGATIVE_INFINITY;
  private failing = false;
  private collecting: Promise<void> | undefined;
  private collectAtMs = performance.now() + FIRST_COLLECT_MS;
  private readonly stopCollecting = new AbortController();

  constructor(duties: KeeperDuties, lock: KeeperLock, log: Logger) {
    this.duties = duties;
    this.lock = lock;
    this.log = log;
  }

  start(): void {
    this.running = this.tick();
  }

  /** Waits for what is going on and gives the lock back. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.stopCollecting.abort();
    await this.running;
    await this.collecting;
    await this.lock.release();
  }

  private async tick(): Promise<void> {
    try {
      if (await this.lock.hold()) await this.work();
      if (this.failing) this.log.info("The keepers work again.");
      this.failing = false;
    } catch (error) {
      // An outage would fill the log with one line each tick.
      if (!this.failing) this.log.error({ err: error }, "The keepers failed and try again.");
      this.failing = true;
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.tick();
    }, TICK_MS);
  }

  /** What one duty needs and does not find must not keep the others: lost leases end while Redis is away. */
  private async work(): Promise<void> {
    const failures: unknown[] = [];
    const attempt = (duty: Promise<void>) => duty.catch((error: unknown) => failures.push(error));
    await attempt(deliverWork(this.duties));
    const nowMs = performance.now();
    if (nowMs >= this.collectAtMs) this.collect(nowMs);
    if (nowMs - this.repairedAtMs >= REPAIR_MS) {
      await attempt(repairWork(this.duties));
      this.repairedAtMs = nowMs;
    }
    if (failures.length > 0) throw failures[0];
  }

  private collect(nowMs: number): void {
    this.collectAtMs = nowMs + COLLECT_MS;
    const { collect } = this.duties;
    if (!collect || this.collecting) return;
    this.collecting = collect(this.stopCollecting.signal)
      .then(
        (collected) => this.log.info({ collected }, "What nothing refers to was removed."),
        (error: unknown) =>
          this.log.error({ err: error }, "The collection of unused blobs failed; an hour later again."),
      )
      .finally(() => {
        this.collecting = undefined;
      });
  }
}
