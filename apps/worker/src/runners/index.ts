import type { JobKind } from "@drc/contracts";
import type { Runner } from "../job/runner.ts";
import { runChannelSearch } from "./channel-search.ts";
import { runEvaluate } from "./evaluate.ts";
import { runExport } from "./export.ts";
import { runFineTune } from "./fine-tune.ts";
import { runIngest } from "./ingest.ts";
import { runPrune } from "./prune.ts";
import { runTrain } from "./train.ts";

export const runners: Record<JobKind, Runner> = {
  ingest: runIngest,
  train: runTrain,
  "channel-search": runChannelSearch,
  prune: runPrune,
  "fine-tune": runFineTune,
  evaluate: runEvaluate,
  export: runExport,
};
