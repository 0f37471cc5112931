import type { DrnConfiguration } from "./drn.ts";
import { NetworkError } from "./network-error.ts";

type Size = Pick<DrnConfiguration, "blocks" | "features">;

/**
 * Sizes of DRN networks by name and scale. `drn-s` and `drn-l` are the published ones (×2: the authors' defaults);
 * `drn-xs` and `drn-tiny` are small enough to train on a CPU.
 */
export const PRESETS: Readonly<Record<string, Partial<Record<number, Size>>>> = {
  "drn-s": { 2: { blocks: 30, features: 16 }, 4: { blocks: 30, features: 16 }, 8: { blocks: 30, features: 8 } },
  "drn-l": { 4: { blocks: 40, features: 20 }, 8: { blocks: 36, features: 10 } },
  "drn-xs": { 2: { blocks: 4, features: 16 }, 4: { blocks: 4, features: 8 }, 8: { blocks: 4, features: 4 } },
  "drn-tiny": { 2: { blocks: 2, features: 8 }, 4: { blocks: 2, features: 4 }, 8: { blocks: 1, features: 4 } },
};

/** The configuration of a preset at a scale; throws `PRESET_UNKNOWN` with what there is. */
export function preset(name: string, scale: number): DrnConfiguration {
  const sizes = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (!sizes) {
    const known = Object.keys(PRESETS).join(", ");
    throw new NetworkError("PRESET_UNKNOWN", `preset: "${name}" is unknown; there are ${known}.`);
  }
  const size = sizes[scale];
  if (!size) {
    const scales = Object.keys(sizes).join(", ");
    throw new NetworkError("PRESET_UNKNOWN", `scale: ${name} has no size for ×${scale}; it has ${scales}.`);
  }
  return { scale: scale as DrnConfiguration["scale"], ...size };
}
