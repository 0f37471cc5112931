import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { ownOperationsFile } from "./runtime/index.mjs";

interface OwnOperations {
  /** Whether this processor gains by our kernel for the gradients of filters. */
  preferred: boolean;
}

/** Registers the operations of `native/` with TensorFlow, which has to be loaded. */
export function loadOwnOperations(): OwnOperations {
  const file = ownOperationsFile();
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run setup, which compiles it.`);
  return createRequire(import.meta.url)(file) as OwnOperations;
}
