/** The jobs that make a network smaller, each after those whose results it reads; for compressions and sweeps alike. */
import {
  type Budget,
  type ChannelSearchSpec,
  type CreateCompressionBody,
  type Importance,
  type JobSpec,
  type ModelInput,
  type TrainSettings,
  trainSettings,
} from "@drc/contracts";
import { newJobId } from "@drc/database";

export interface StageJob {
  id: string;
  work: JobSpec;
  parents: string[];
  seed: number;
  /** Of the model that it gives, for people. */
  modelName?: string;
  /** What it is among the others, for people; without one it has the name of the whole alone. */
  label?: string;
}

/** What a job has beside its work. */
interface StageFields {
  seed?: number;
  /** Further jobs to wait for. */
  after?: readonly string[];
  modelName?: string;
  label?: string;
}

/** What the stages of a compression, and of all points of a sweep, have in common. */
export type StageInputs = Pick<
  CreateCompressionBody,
  | "dataset"
  | "unpaired"
  | "validation"
  | "network"
  | "train"
  | "model"
  | "fineTune"
  | "fineTuneTargets"
  | "teacher"
  | "seed"
>;

/** What a search is asked for. */
export type PlanRequest = { budget: Budget } & Pick<CreateCompressionBody["method"], "plan" | "search" | "calibration">;

type Evaluation = Pick<NonNullable<CreateCompressionBody["evaluation"]>, "dataset" | "keepImages">;

/** Jobs as they are added, parents before their children. The same work with the same seed is one job. */
export class StageChain {
  readonly jobs: StageJob[] = [];
  /** The network to make smaller, and the job that trains it where one does. */
  readonly original: ModelInput;
  readonly train: string | undefined;
  private readonly inputs: StageInputs;
  private readonly known = new Map<string, string>();

  /** @param base the name of the network to make smaller. */
  constructor(inputs: StageInputs, base: string) {
    this.inputs = inputs;
    const { network, model, dataset, unpaired, validation } = inputs;
    if (network) {
      const settings = inputs.train ?? trainSettings.parse({});
      const spec = { network, dataset, unpaired, validation, settings };
      this.train = this.add({ kind: "train", spec }, { modelName: base });
      this.original = { fromJob: this.train };
    } else this.original = { modelId: (model as { modelId: string }).modelId };
  }

  search({ budget, plan, search, calibration }: PlanRequest, label?: string): string {
    const spec: ChannelSearchSpec = {
      model: this.original,
      dataset: this.inputs.dataset,
      budget,
      method: plan,
      settings: search,
      calibration,
    };
    return this.add({ kind: "channel-search", spec }, { label });
  }

  prune(search: string, importance: Importance, fields: StageFields): string {
    const { dataset } = this.inputs;
    const spec = { model: this.original, plan: { fromJob: search }, dataset, importance };
    return this.add({ kind: "prune", spec }, fields);
  }

  /** The shape that the search finds, trained from random weights. */
  trainFromScratch(search: string, settings: TrainSettings, fields: StageFields): string {
    const { dataset, unpaired, validation } = this.inputs;
    const network = { like: this.original, plan: { fromJob: search } };
    return this.add({ kind: "train", spec: { network, dataset, unpaired, validation, settings } }, fields);
  }

  fineTune(prune: string, fields: StageFields): string {
    const { dataset, unpaired, validation, teacher, fineTune: settings, fineTuneTargets } = this.inputs;
    const targets = fineTuneTargets === "original" ? this.original : ("images" as const);
    const model = { fromJob: prune };
    const spec = { model, dataset, unpaired, validation, targets, teacher, settings };
    return this.add({ kind: "fine-tune", spec }, fields);
  }

  evaluate(model: ModelInput | "bicubic", { dataset, keepImages }: Evaluation, label?: string): string {
    return this.add({ kind: "evaluate", spec: { model, dataset, keepImages } }, { label });
  }

  private add(work: JobSpec, { after = [], seed = this.inputs.seed, modelName, label }: StageFields = {}): string {
    const key = JSON.stringify([work, seed]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const id = newJobId();
    this.known.set(key, id);
    this.jobs.push({ id, work, parents: [...new Set([...parentsOf(work), ...after])], seed, modelName, label });
    return id;
  }
}

/** The jobs whose results the spec names. */
function parentsOf({ spec }: JobSpec): string[] {
  const inputsOf = (value: unknown): string[] => {
    if (typeof value !== "object" || value === null) return [];
    const { fromJob } = value as { fromJob?: string };
    return fromJob === undefined ? Object.values(value).flatMap(inputsOf) : [fromJob];
  };
  return inputsOf(spec);
}
