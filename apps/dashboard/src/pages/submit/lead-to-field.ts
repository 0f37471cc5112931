import type { Path } from "./form-node.ts";

export function fieldId(path: Path): string {
  return `field/${path.join("/")}`;
}

/** Puts the focus on the field that a pointer is about, or on the nearest one around it. */
export function leadToField(pointer: string): void {
  const field = findField(pointer.split("/").slice(1));
  if (!field) return;
  let folded = field.closest("details");
  while (folded) {
    folded.open = true;
    folded = folded.parentElement?.closest("details") ?? null;
  }
  field.focus({ preventScroll: true });
  field.scrollIntoView({ block: "center" });
}

function findField(path: Path): HTMLElement | null {
  if (path.length === 0) return null;
  const id = fieldId(path);
  const found = document.getElementById(id) ?? document.querySelector<HTMLElement>(`[id^="${CSS.escape(`${id}/`)}"]`);
  if (found) return found;
  // A field of several items has the identifier of its first one.
  const [outer, last] = [path.slice(0, -1), Number(path.at(-1))];
  return findField(last > 0 ? [...outer, String(last - 1)] : outer);
}
