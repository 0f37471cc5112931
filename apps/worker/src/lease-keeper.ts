import type { JobState } from "@drc/contracts";
import { type Database, LEASE_MS, type Lease, renewLease } from "@drc/database";

/** How soon a request to pause or cancel is noticed; the lease itself lasts many times longer. */
const RENEW_EVERY_MS = 2_000;

export interface LeaseEvents {
  /** Someone asked for the job to pause or to be cancelled. */
  onRequest(state: JobState): void;
  /** The job belongs to another attempt, or to none: whatever this one still does counts for nothing. */
  onLost(): void;
  onError(error: unknown): void;
}

/** Keeps an attempt's lease from the parent process, whatever its child is busy with (field case 11). */
export class LeaseKeeper {
  private readonly database: Database;
  private readonly lease: Lease;
  private readonly events: LeaseEvents;
  private renewedAtMs = performance.now();
  private timer: NodeJS.Timeout | undefined;
  private ended = false;
  private renewing: Promise<void> = Promise.resolve();

  constructor(database: Database, lease: Lease, events: LeaseEvents) {
    this.database = database;
    this.lease = lease;
    this.events = events;
    this.schedule();
  }

  /** Whether the lease still stands as far as this process can know: by the clock since its last renewal. */
  get held(): boolean {
    return !this.ended && performance.now() - this.renewedAtMs < LEASE_MS;
  }

  async stop(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    await this.renewing;
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.renewing = this.renew();
    }, RENEW_EVERY_MS);
  }

  private async renew(): Promise<void> {
    const askedAtMs = performance.now();
    try {
      const state = await renewLease(this.database, this.lease);
      if (this.ended) return;
      if (state === null) return this.lose();
      // Counted from before the request, so that the database's own count ends no earlier.
      this.renewedAtMs = askedAtMs;
      if (state !== "running") this.events.onRequest(state);
    } catch (error) {
      this.events.onError(error);
      if (!this.ended && !this.held) return this.lose();
    }
    if (!this.ended) this.schedule();
  }

  private lose(): void {
    this.ended = true;
    this.events.onLost();
  }
}
