import { describeUnpaired, pairByName } from "@drc/imaging";
import { CliError, EXIT } from "../cli-error.ts";
import type { ImageFile } from "./image-folder.ts";

export interface ImagePair {
  name: string;
  hrPath: string;
  lrPath: string;
}

/** Pairs HR with LR images by name. Throws, with both counts and the first unmatched names, unless all have a partner. */
export function pairImages(hr: readonly ImageFile[], lr: readonly ImageFile[], scale: number): ImagePair[] {
  const pairing = pairByName(hr, lr, scale);
  const [rivals] = pairing.rivals;
  if (rivals) {
    const paths = rivals.map(({ path }) => path).join(" and ");
    throw new CliError(`--lr: ${paths} both belong to ${rivals[0].key}; remove one`, EXIT.usage);
  }
  if (pairing.hrAlone.length + pairing.lrAlone.length > 0) {
    throw new CliError(`--lr: ${describeUnpaired(pairing, scale)}`, EXIT.usage);
  }
  return pairing.pairs.map((pair) => ({ name: pair.hr.key, hrPath: pair.hr.path, lrPath: pair.lr.path }));
}
