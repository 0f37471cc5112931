import { decibels } from "./format.ts";

interface BelowBicubicProps {
  /** In a sentence: "the compressed network". PSNR in dB; what is not known is left out. */
  networks: readonly { name: string; psnr: number | null | undefined }[];
  bicubic: number | null | undefined;
}

/** Says it where networks are worse than interpolation, which costs nothing; nothing where none is. */
export function BelowBicubic({ networks, bicubic }: BelowBicubicProps) {
  const worse = networks.flatMap(({ name, psnr }) =>
    psnr != null && bicubic != null && psnr < bicubic ? [`${name} is ${decibels(bicubic - psnr)}`] : [],
  );
  if (worse.length === 0) return null;
  const said = worse.join(" and ");
  return (
    <p className="note attention">
      {`${said[0].toUpperCase()}${said.slice(1)} worse than bicubic interpolation: train longer, or on more images.`}
    </p>
  );
}
