import type { JobResource } from "@drc/contracts";

/** Whether a fine-tuning's validation compares with another network's outputs, and not with HR images. */
export function comparesWithOriginal({ kind, spec }: Pick<JobResource, "kind" | "spec">): boolean {
  return kind === "fine-tune" && spec.targets !== "images";
}
