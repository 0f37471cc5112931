import { ownOperations } from "./runtime/index.mjs";

/** The instruction sets that the kernels of `native/` are compiled for, by the float values of one vector. */
export type Lanes = 8 | 16;

/** What is noted about a run: AVX2 and AVX-512. */
export const INSTRUCTION_SETS: Readonly<Record<Lanes, string>> = { 8: "avx2", 16: "avx512" };

interface OwnOperations {
  /** Those that this processor has, the fastest first; none, and it cannot run the kernels. */
  lanes: Lanes[];
}

/** Registers the operations of `native/` with TensorFlow, which has to be loaded. */
export function loadOwnOperations(): OwnOperations {
  return ownOperations.load() as OwnOperations;
}
