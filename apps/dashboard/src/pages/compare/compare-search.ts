/** Of a comparison: what its address says, so that it can be kept and passed on. */
export interface CompareSearch {
  /** Evaluation jobs that kept their images, all on one dataset version. */
  original?: string;
  compressed?: string;
  bicubic?: string;
  /** The name of an image of theirs; left out, the first one. */
  image?: string;
  /** For the form: the networks before and after a compression, or two models. */
  compression?: string;
  originalModel?: string;
  compressedModel?: string;
}

export function compareSearch(given: Record<string, unknown>): CompareSearch {
  const text = (name: keyof CompareSearch) => {
    const value = given[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    original: text("original"),
    compressed: text("compressed"),
    bicubic: text("bicubic"),
    image: text("image"),
    compression: text("compression"),
    originalModel: text("originalModel"),
    compressedModel: text("compressedModel"),
  };
}
