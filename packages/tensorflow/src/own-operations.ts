import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { ownOperations } from "./runtime/index.mjs";

interface OwnOperations {
  /** Whether this processor can run them and gains by them. */
  preferred: boolean;
}

/** Registers the operations of `native/` with TensorFlow, which has to be loaded. */
export function loadOwnOperations(): OwnOperations {
  const file = ownOperations.file();
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run setup, which compiles it.`);
  return createRequire(import.meta.url)(file) as OwnOperations;
}
