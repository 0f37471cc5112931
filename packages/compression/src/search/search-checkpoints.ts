import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../checkpoint.ts";
import type { StageControl } from "../control.ts";
import type { LatencyCosts } from "./latency-costs.ts";
import type { PlanLatency } from "./plan-latency.ts";

/** What was measured on the device. No second measurement gives the same, so a resumed search goes on with it. */
export interface SearchMeasurements {
  costs?: LatencyCosts;
  plans: PlanLatency[];
}

/** What a method has come to. */
export type MethodState<State> = Omit<Checkpoint<State>, "stage">;

interface SearchState {
  measurements: SearchMeasurements;
  /** Absent before the method's first step. */
  method?: unknown;
}

/** The checkpoints of one search: the state of its method beside the measurements. */
export class SearchCheckpoints {
  readonly measurements: SearchMeasurements;
  private readonly control: StageControl;
  private readonly stage: string;
  private last: MethodState<unknown> | undefined;

  /** @throws CheckpointError where the checkpoint to resume from is none of this method's. */
  constructor(control: StageControl, method: string) {
    this.control = control;
    this.stage = `channel-search (${method})`;
    const resume = control.checkpoint?.resume;
    const resumed = resume && decodeCheckpoint<SearchState>(resume, this.stage);
    this.measurements = resumed?.state.measurements ?? { plans: [] };
    const state = resumed?.state.method;
    this.last = resumed && state !== undefined ? { ...resumed, state } : undefined;
  }

  /** What the method saved last, in this run or in the one that is resumed. */
  resumed<State>(): MethodState<State> | undefined {
    return this.last as MethodState<State> | undefined;
  }

  /** Whether a checkpoint is due after this step. */
  isDue(step: number): boolean {
    const every = this.control.checkpoint?.everySteps;
    return every !== undefined && step % every === 0;
  }

  async save<State>(method: MethodState<State>): Promise<void> {
    this.last = method;
    await this.write();
  }

  /** Writes the measurements with what the method saved last. */
  async write(): Promise<void> {
    const { state: method, models = {}, tensors = {} } = this.last ?? {};
    const state: SearchState = { measurements: this.measurements, method };
    await this.control.checkpoint?.save(encodeCheckpoint({ stage: this.stage, state, models, tensors }));
  }
}
