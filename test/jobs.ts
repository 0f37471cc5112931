import { type JobSpec, jobSpec, newId } from "@drc/contracts";
import { type NewJob, newJobId } from "@drc/database";

/** A job as a test needs it: its inputs need not exist. */
export function someJob(given: Partial<NewJob> = {}): NewJob {
  return {
    id: newJobId(),
    work: someWork("evaluate"),
    deviceClass: "cpu",
    seed: 1,
    priority: 50,
    parents: [],
    ...given,
  };
}

function someWork(kind: "evaluate"): JobSpec {
  return jobSpec.parse({
    kind,
    spec: { model: "bicubic", dataset: { datasetId: newId("dataset"), version: 1 } },
  });
}
