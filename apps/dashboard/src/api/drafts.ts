/**
 * What was filled into a form and not submitted yet: it outlasts other pages, a reload and the end of the session, in this tab
 * alone. Forms with a secret keep none.
 */

const PREFIX = "drc.draft.";

interface Draft {
  /** Where the form began: what its address asked for. */
  from: string;
  body: unknown;
}

/** Undefined where there is none, or one that began elsewhere; an address that asks for nothing takes any. */
export function readDraft(form: string, from: string): unknown {
  try {
    const draft = JSON.parse(sessionStorage.getItem(PREFIX + form) ?? "null") as Draft | null;
    return draft !== null && (from === "" || draft.from === from) ? draft.body : undefined;
  } catch {
    return undefined;
  }
}

export function keepDraft(form: string, from: string, body: unknown): void {
  try {
    sessionStorage.setItem(PREFIX + form, JSON.stringify({ from, body } satisfies Draft));
  } catch {
    // A browser that keeps nothing forgets it with the page.
  }
}

export function forgetDraft(form: string): void {
  try {
    sessionStorage.removeItem(PREFIX + form);
  } catch {
    // Then there is none.
  }
}

/** Of all forms: whoever signs out leaves nothing to the next one. */
export function forgetDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // Then there are none.
  }
}
