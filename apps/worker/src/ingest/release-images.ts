import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Frees the samples of images that are no longer referred to. V8 is in no hurry to: they lie outside of its heap, and an
 * image of 100 million pixels would stand beside the one before it.
 */
export function releaseImages(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}
