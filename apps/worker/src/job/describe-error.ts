import { CheckpointError, DivergedError, PlanError, TrainingImageError } from "@drc/compression";
import { ImageError } from "@drc/imaging";
import { BudgetError, NetworkError } from "@drc/network";
import type { TaskError } from "../protocol.ts";
import { JobError } from "./runner.ts";

/** The code of the registry, the message and the facts with which a job fails for this error. */
export function describeError(error: unknown): TaskError {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof JobError) return { code: error.code, detail, errors: error.errors };
  if (error instanceof DivergedError) {
    return { code: "TRAINING_DIVERGED", detail, step: error.step, lastFiniteLoss: error.lastFiniteLoss };
  }
  if (error instanceof BudgetError) return invalid("/budget/remove", detail);
  if (error instanceof PlanError) return invalid("/plan/widths", detail);
  if (error instanceof CheckpointError) return { code: "CHECKPOINT_INVALID", detail };
  if (error instanceof TrainingImageError || error instanceof ImageError) return { code: "DATASET_INVALID", detail };
  if (error instanceof NetworkError) {
    return { code: error.code === "ARCHITECTURE_MISMATCH" ? "ARCHITECTURE_MISMATCH" : "MODEL_INVALID", detail };
  }
  return { code: "JOB_FAILED", detail };
}

function invalid(pointer: string, detail: string): TaskError {
  return { code: "VALIDATION_FAILED", detail, errors: [{ pointer, detail }] };
}
