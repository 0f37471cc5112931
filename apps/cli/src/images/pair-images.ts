import { CliError, EXIT } from "../cli-error.ts";
import type { ImageFile } from "./image-folder.ts";

export interface ImagePair {
  name: string;
  hrPath: string;
  lrPath: string;
}

const NAMES_SHOWN = 10;

/**
 * Pairs HR with LR images by name: `0001` with `0001x4` (DIV2K's naming, the scale behind an x) or with `0001`.
 * Never by order. Throws, with both counts and the first unmatched names of each side, unless all have a partner.
 */
export function pairImages(hr: readonly ImageFile[], lr: readonly ImageFile[], scale: number): ImagePair[] {
  const suffix = `x${scale}`;
  const hrKeys = new Set(hr.map(({ key }) => key));
  const lrByHr = new Map<string, ImageFile>();
  const unmatchedLr: string[] = [];
  for (const file of lr) {
    const stem = file.key.endsWith(suffix) ? file.key.slice(0, -suffix.length) : file.key;
    const key = [stem, file.key].find((candidate) => hrKeys.has(candidate));
    if (key === undefined) {
      unmatchedLr.push(file.key);
      continue;
    }
    const other = lrByHr.get(key);
    if (other) throw new CliError(`--lr: ${other.path} and ${file.path} both belong to ${key}; remove one`, EXIT.usage);
    lrByHr.set(key, file);
  }
  const unmatchedHr = hr.map(({ key }) => key).filter((key) => !lrByHr.has(key));
  if (unmatchedHr.length > 0 || unmatchedLr.length > 0) {
    throw new CliError(
      `--lr: ${hr.length} HR and ${lr.length} LR images do not pair up` +
        ` (HR without LR: ${listNames(unmatchedHr)}; LR without HR: ${listNames(unmatchedLr)});` +
        ` name the LR image of NAME.png NAME${suffix}.png or NAME.png`,
      EXIT.usage,
    );
  }
  return hr.map(({ key, path }) => ({ name: key, hrPath: path, lrPath: (lrByHr.get(key) as ImageFile).path }));
}

function listNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
