import { ownOperations } from "./runtime/index.mjs";

interface OwnOperations {
  /** Whether this processor can run them and gains by them. */
  preferred: boolean;
}

/** Registers the operations of `native/` with TensorFlow, which has to be loaded. */
export function loadOwnOperations(): OwnOperations {
  return ownOperations.load() as OwnOperations;
}
