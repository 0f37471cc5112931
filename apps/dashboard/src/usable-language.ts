/**
 * Gives `navigator` a language that formats take, where it has none: Chromium under `LANG=C.UTF-8` says `en-US@posix`, which
 * is no valid language tag. uPlot hands it to `Intl.NumberFormat` while it loads, and a page of curves would fail as a whole.
 * The pages themselves are in English. Imported first of all, so before any library.
 */
if (!isUsable(navigator.language)) Object.defineProperty(navigator, "language", { value: "en", configurable: true });

function isUsable(language: string): boolean {
  try {
    new Intl.NumberFormat(language);
    return true;
  } catch {
    return false;
  }
}

export {};
