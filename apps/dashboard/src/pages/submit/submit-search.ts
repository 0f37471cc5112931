/** Of the submission: which form, and a network or dataset that is filled in already. */
export interface SubmitSearch {
  what?: "compression" | "training" | "evaluation" | "sweep";
  model?: string;
  dataset?: string;
  version?: number;
}

const FORMS: readonly unknown[] = ["compression", "training", "evaluation", "sweep"];

export function submitSearch({ what, model, dataset, version }: Record<string, unknown>): SubmitSearch {
  return {
    what: FORMS.includes(what) ? (what as SubmitSearch["what"]) : undefined,
    model: typeof model === "string" ? model : undefined,
    dataset: typeof dataset === "string" ? dataset : undefined,
    version: typeof version === "number" ? version : undefined,
  };
}
