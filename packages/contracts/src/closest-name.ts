/** Longer ones are no names. */
const LONGEST_NAME = 64;

/**
 * Of known names the one that was most likely meant by one that is not known: at most a third of its characters are
 * mistyped, left out, added or swapped. Capitals, `_` and `-` make no difference: `learning_rate` is `learningRate`.
 */
export function closestName(given: string, known: readonly string[]): string | undefined {
  if (given.length > LONGEST_NAME) return undefined;
  const plain = plainForm(given);
  let closest: { name: string; distance: number } | undefined;
  for (const name of known) {
    const other = plainForm(name);
    const distance = editDistance(plain, other);
    if (distance > Math.floor(Math.max(plain.length, other.length) / 3)) continue;
    if (!closest || distance < closest.distance) closest = { name, distance };
  }
  return closest?.name;
}

function plainForm(name: string): string {
  return name.replace(/[_-]/g, "").toLowerCase();
}

/** Characters that are replaced, left out, added, or swapped with their neighbour, each no more than once. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, last[j] + 1, row[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}
