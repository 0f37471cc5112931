/** What became of one in a batch: a failure of one is that one's alone, and what takes longer no longer holds up others. */
export type Outcome<Answer> = PromiseSettledResult<Answer> | Promise<Answer>;

interface Waiting<Asked, Answer> {
  asked: Asked;
  resolve(answer: Answer | Promise<Answer>): void;
  reject(reason: unknown): void;
}

export interface BatchOptions<Asked> {
  /** Most in one batch. */
  size: number;
  /** Batches under way at the same time. */
  inFlight: number;
  /** Where given, no two of a batch have the same; undefined is like no other. */
  keyOf?(asked: Asked): string | undefined;
}

/**
 * Groups what is asked for while other batches are under way: nobody waits for a batch to fill, and whatever a batch
 * reads, it reads after all of it was asked for.
 */
export class Batches<Asked, Answer> {
  private readonly run: (asked: readonly Asked[]) => Promise<readonly Outcome<Answer>[]>;
  private readonly options: BatchOptions<Asked>;
  private waiting: Waiting<Asked, Answer>[] = [];
  private underWay = 0;
  private starting = false;

  /** @param run gives an outcome for each, in their order; where it throws, all of the batch have failed. */
  constructor(run: (asked: readonly Asked[]) => Promise<readonly Outcome<Answer>[]>, options: BatchOptions<Asked>) {
    this.run = run;
    this.options = options;
  }

  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ asked, resolve, reject });
      this.startSoon();
    });
  }

  /** Once all that has arrived by now was read. */
  private startSoon(): void {
    if (this.starting || this.waiting.length === 0 || this.underWay >= this.options.inFlight) return;
    this.starting = true;
    setImmediate(() => {
      this.starting = false;
      this.underWay++;
      void this.settle(this.takeBatch()).finally(() => {
        this.underWay--;
        this.startSoon();
      });
      this.startSoon();
    });
  }

  private takeBatch(): Waiting<Asked, Answer>[] {
    const batch: Waiting<Asked, Answer>[] = [];
    const later: Waiting<Asked, Answer>[] = [];
    const keys = new Set<string>();
    for (const one of this.waiting) {
      const key = this.options.keyOf?.(one.asked);
      if (batch.length >= this.options.size || (key !== undefined && keys.has(key))) later.push(one);
      else batch.push(one);
      if (key !== undefined) keys.add(key);
    }
    this.waiting = later;
    return batch;
  }

  private async settle(batch: readonly Waiting<Asked, Answer>[]): Promise<void> {
    try {
      const outcomes = await this.run(batch.map(({ asked }) => asked));
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome instanceof Promise) batch[i].resolve(outcome);
        else if (outcome.status === "fulfilled") batch[i].resolve(outcome.value);
        else batch[i].reject(outcome.reason);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
