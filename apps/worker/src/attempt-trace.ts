import type { Progress } from "@drc/contracts";
import type { ClaimedJob } from "@drc/database";
import { type Span, type SpanAttributes, type Tracing, traced } from "@drc/tracing";
import type { Slot } from "./slots.ts";

/** The spans of one attempt, below the request that made its job: its wait in the queue, and what was done for it. */
export class AttemptTrace {
  private readonly tracing: Tracing;
  private readonly span: Span;
  private starting: Span | undefined;
  private stage: { name: string; span: Span } | undefined;

  constructor(tracing: Tracing, job: ClaimedJob, slot: Slot) {
    this.tracing = tracing;
    const parent = job.traceparent ?? undefined;
    const { kind } = job.work;
    const attributes = { "drc.job.id": job.id, "drc.job.kind": kind, "drc.attempt": job.attemptNumber };
    tracing.span(`queue ${kind}`, { parent, attributes, startedAtMs: Date.now() - job.waitedMs }).end();
    const resumed: SpanAttributes = job.checkpoint ? { "drc.resumed_from_step": job.checkpoint.step } : {};
    this.span = tracing.span(`attempt ${kind}`, {
      parent,
      kind: "consumer",
      attributes: { ...attributes, ...resumed, "drc.slot": slot.name },
    });
  }

  /** Something that the attempt does by itself, from its begin to its end. */
  during<T>(name: string, work: () => Promise<T>, attributes?: SpanAttributes): Promise<T> {
    return traced(this.tracing, name, { parent: this.span.traceparent, attributes }, work);
  }

  processStarts(): void {
    this.starting = this.tracing.span("start process", { parent: this.span.traceparent });
  }

  /** It has loaded what it computes with. */
  processReady(): void {
    this.starting?.end();
    this.starting = undefined;
  }

  /** A stage lasts from its first report to the first one of the next stage. */
  progress({ stage, step, of }: Progress): void {
    if (this.stage?.name !== stage) {
      this.stageEnds();
      const attributes = { "drc.first_step": step };
      this.stage = {
        name: stage,
        span: this.tracing.span(`stage ${stage}`, { parent: this.span.traceparent, attributes }),
      };
    }
    this.stage?.span.set({ "drc.step": step, "drc.steps": of });
  }

  processEnded(): void {
    this.processReady();
    this.stageEnds();
  }

  end(outcome: string): void {
    this.span.set({ "drc.outcome": outcome });
    this.span.end(outcome === "failed" || outcome === "lost" ? `The attempt is ${outcome}.` : undefined);
  }

  private stageEnds(): void {
    this.stage?.span.end();
    this.stage = undefined;
  }
}
