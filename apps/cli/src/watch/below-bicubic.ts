/** Mean PSNR in dB on the evaluation images; null where it is infinite, undefined where it is not known. */
type Psnr = number | null | undefined;

/**
 * A line for whoever has trained too briefly: nothing where one of the networks is as good as bicubic interpolation, where
 * nothing is known, or where the network was given and not trained here.
 */
export function belowBicubicNote(bicubic: Psnr, networks: readonly Psnr[], trainedHere: boolean): string[] {
  const known = networks.filter((psnr) => psnr !== undefined);
  if (!trainedHere || typeof bicubic !== "number" || known.length === 0) return [];
  if (!known.every((psnr) => psnr !== null && psnr < bicubic)) return [];
  return [
    `Below bicubic (${bicubic.toFixed(2)} dB): the network was trained too briefly to be of use; give train.steps more.`,
  ];
}
