/** Passes over one batch each. */
export interface PassCounts {
  /** Forward and backward, the forward pass through the whole network. */
  full: number;
  /** Forward and backward through the layer and what is behind it, from cached activations. */
  partial: number;
  /** Forward only: to cache activations, or for the features of the original network. */
  forward: number;
}

export const NO_PASSES: PassCounts = { full: 0, partial: 0, forward: 0 };

export function addPasses(a: PassCounts, b: Partial<PassCounts>): PassCounts {
  return {
    full: a.full + (b.full ?? 0),
    partial: a.partial + (b.partial ?? 0),
    forward: a.forward + (b.forward ?? 0),
  };
}
