/** What a job has written, as far as a page has read it. */
import type { JobEventResource, JobLogResource, JobMetricResource, Progress, StreamItem } from "@drc/contracts";
import type { ProblemError } from "@drc/sdk";

/** One value by step, as a chart takes it: steps rise. */
export interface Series {
  steps: number[];
  values: (number | null)[];
}

/** Collects the items of a job's stream. `version` rises with each change that a page should show. */
export class JobRecords {
  readonly events: JobEventResource[] = [];
  readonly logs: JobLogResource[] = [];
  readonly series = new Map<string, Series>();
  progress: Progress | undefined;
  /** Nothing follows. */
  ended = false;
  /** Why the server gives no more of it now. */
  refusal: ProblemError | undefined;
  /** Everything that was there when the page asked has come. */
  cursor: string | undefined;
  version = 0;

  /** Undefined: it is read again. */
  refuse(refusal: ProblemError | undefined): void {
    if (this.refusal === refusal) return;
    this.refusal = refusal;
    this.version++;
  }

  add(item: StreamItem): void {
    this.refusal = undefined;
    this.cursor = item.cursor;
    this.version++;
    switch (item.type) {
      case "event":
        this.events.push(item.data);
        return;
      case "log":
        this.logs.push(item.data);
        return;
      case "metric":
        this.addMetric(item.data);
        return;
      case "progress":
        this.progress = item.data;
        return;
      case "end":
        this.ended = true;
        return;
    }
  }

  private addMetric({ step, values }: JobMetricResource): void {
    for (const [name, value] of Object.entries(values)) {
      const series = this.series.get(name) ?? { steps: [], values: [] };
      this.series.set(name, series);
      place(series, step, value);
    }
  }
}

/** Nearly always at the end. An attempt that goes on from a checkpoint measures steps again: the newer value counts. */
function place({ steps, values }: Series, step: number, value: number | null): void {
  let at = steps.length;
  while (at > 0 && steps[at - 1] > step) at--;
  if (at > 0 && steps[at - 1] === step) {
    values[at - 1] = value;
    return;
  }
  steps.splice(at, 0, step);
  values.splice(at, 0, value);
}
