/** Positions sampled per convolution, over all batches: METHOD, section 4b, found that many to be enough. */
export const SECOND_ORDER_POSITIONS = 12_000;
