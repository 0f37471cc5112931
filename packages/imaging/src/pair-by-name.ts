/** An image by what it is called: folders and stem, without the extension. */
export interface Keyed {
  readonly key: string;
}

export interface Pairing<H extends Keyed, L extends Keyed> {
  /** Images of each side. */
  readonly hrCount: number;
  readonly lrCount: number;
  readonly pairs: { readonly hr: H; readonly lr: L }[];
  /** HR images without an LR image, and LR images without an HR image. */
  readonly hrAlone: H[];
  readonly lrAlone: L[];
  /** Several images that claim one place; none of them is paired. */
  readonly rivals: (H | L)[][];
}

/**
 * Pairs HR with LR images by name, never by order: `0001` with `0001x4` (DIV2K's naming, the scale behind an x), or
 * with `0001`. The pairs stand in the order of the HR images.
 */
export function pairByName<H extends Keyed, L extends Keyed>(
  hr: readonly H[],
  lr: readonly L[],
  scale: number,
): Pairing<H, L> {
  const suffix = `x${scale}`;
  const hrByKey = groupBy(hr, ({ key }) => key);
  const lrByKey = groupBy(lr, ({ key }) => {
    const stem = key.endsWith(suffix) ? key.slice(0, -suffix.length) : key;
    return hrByKey.has(stem) ? stem : key;
  });
  const pairing: Pairing<H, L> = {
    hrCount: hr.length,
    lrCount: lr.length,
    pairs: [],
    hrAlone: [],
    lrAlone: [],
    rivals: [],
  };
  for (const [key, group] of lrByKey) if (!hrByKey.has(key)) pairing.lrAlone.push(...group);
  for (const [key, hrs] of hrByKey) {
    const lrs = lrByKey.get(key) ?? [];
    if (hrs.length > 1) pairing.rivals.push(hrs);
    else if (lrs.length > 1) pairing.rivals.push(lrs);
    else if (lrs.length === 0) pairing.hrAlone.push(hrs[0]);
    else pairing.pairs.push({ hr: hrs[0], lr: lrs[0] });
  }
  return pairing;
}

const NAMES_SHOWN = 10;

/** One line on the images that have no partner: the counts, the first names of each side, and the rule. */
export function describeUnpaired(pairing: Pairing<Keyed, Keyed>, scale: number): string {
  const { hrCount, lrCount, hrAlone, lrAlone } = pairing;
  return (
    `${hrCount} HR and ${lrCount} LR images do not pair up` +
    ` (HR without LR: ${listNames(hrAlone)}; LR without HR: ${listNames(lrAlone)});` +
    ` name the LR image of NAME.png NAMEx${scale}.png or NAME.png`
  );
}

function listNames(images: readonly Keyed[]): string {
  if (images.length === 0) return "none";
  const more = images.length - NAMES_SHOWN;
  const shown = images.slice(0, NAMES_SHOWN).map(({ key }) => key);
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
