/** A record as it is, with line breaks; as text, whatever it holds. */
export function JsonView({ label, value, empty = "None." }: { label: string; value: unknown; empty?: string }) {
  if (value == null) return <p className="note">{empty}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrow keys
    <div className="text-box" role="group" aria-label={label} tabIndex={0}>
      <pre>{JSON.stringify(value, null, 2)}</pre>
    </div>
  );
}
