import { searchText } from "../../components/search-text.ts";

export const COSTS = ["parameters", "multiplyAdds", "latency"] as const;
export const QUALITIES = ["psnr", "ssim", "prunedPsnr"] as const;

/** Of one sweep: what its chart shows, and which points its table has. */
export interface SweepView {
  cost?: (typeof COSTS)[number];
  quality?: (typeof QUALITIES)[number];
  method?: string;
  state?: string;
}

export function sweepView(given: Record<string, unknown>): SweepView {
  const oneOf = <T extends string>(values: readonly T[], value: unknown) => values.find((each) => each === value);
  return {
    cost: oneOf(COSTS, given.cost),
    quality: oneOf(QUALITIES, given.quality),
    method: searchText(given.method),
    state: searchText(given.state),
  };
}
