/** Labels in a list, cut where they are long: `drc sweep` and comparisons write hashes into theirs. */
export function Labels({ labels }: { labels: readonly string[] }) {
  if (labels.length === 0) return null;
  const text = labels.join(", ");
  return (
    <div className="labels" title={text}>
      {text}
    </div>
  );
}
