import type { EvaluateResult, EvaluateSpec, JobDetailResource } from "@drc/contracts";

/** What is compared, in the order in which it is listed. */
export const ROLES = { original: "Original", compressed: "Compressed", bicubic: "Bicubic" } as const;
export type Role = keyof typeof ROLES;

export interface Evaluation {
  role: Role;
  job: JobDetailResource;
  spec: EvaluateSpec;
  result: EvaluateResult;
}
