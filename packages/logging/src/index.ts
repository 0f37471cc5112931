/** The log of a program, and what must never stand in it. */
export * from "./censor.ts";
export * from "./create-log.ts";
