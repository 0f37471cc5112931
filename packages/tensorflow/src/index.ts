export * from "./compile.ts";
export * from "./float64.ts";
export type { Parameters } from "./nodes/kernel.ts";
export { parameter } from "./nodes/kernel.ts";
export * from "./operations.ts";
export * from "./tensorflow.ts";
export * from "./variable.ts";
