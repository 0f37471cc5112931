import type { FieldError } from "@drc/contracts";

/** Finds images that are there already: by the bytes of their file, or by their pixels after decoding. */
export class Duplicates {
  private readonly byBytes = new Map<string, string>();
  private readonly byPixels = new Map<string, string>();

  /** `bytes` and `pixels` are equal for equal ones. A note where there is an earlier image with the same. */
  add(name: string, bytes: string, pixels: string): FieldError | undefined {
    const sameBytes = this.byBytes.get(bytes);
    const samePixels = this.byPixels.get(pixels);
    if (sameBytes === undefined) this.byBytes.set(bytes, name);
    if (samePixels === undefined) this.byPixels.set(pixels, name);
    const earlier = sameBytes ?? samePixels;
    if (earlier === undefined) return undefined;
    const what = sameBytes === undefined ? "pixels" : "bytes";
    return { file: name, code: "DUPLICATE", detail: `It has the same ${what} as ${earlier}; both are kept.` };
  }
}
