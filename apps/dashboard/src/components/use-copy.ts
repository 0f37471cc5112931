import { useState } from "react";

/**
 * Copies a text: `copy` is for a button, `said` for a status beside it, null before. Where browsers keep the clipboard from a
 * page, on plain http of another machine, `select` selects the text instead.
 */
export function useCopy(text: string, select: () => void) {
  const [said, setSaid] = useState<{ of: string; what: string } | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid({ of: text, what: "Copied." });
    } catch {
      select();
      setSaid({ of: text, what: "It is selected: copy it with Ctrl+C." });
    }
  };
  // Of another text nothing is copied yet.
  return { copy, said: said?.of === text ? said.what : null };
}
