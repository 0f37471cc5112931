import type { JobResource } from "@drc/contracts";

/** Whether a fine-tuning's validation compares with another network's outputs, and not with HR images. */
export function comparesWithOriginal({ kind, spec }: Pick<JobResource, "kind" | "spec">): boolean {
  // Specs from before there was a choice name no targets: those were HR images.
  return kind === "fine-tune" && typeof spec.targets === "object";
}
