import { searchText } from "../../components/search-text.ts";

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
  return {
    original: searchText(given.original),
    compressed: searchText(given.compressed),
    bicubic: searchText(given.bicubic),
    image: searchText(given.image),
    compression: searchText(given.compression),
    originalModel: searchText(given.originalModel),
    compressedModel: searchText(given.compressedModel),
  };
}
