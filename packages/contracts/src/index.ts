/**
 * Everything that crosses a process or the network, as zod schemas and the types that follow from them:
 * job specs and settings, results, states, errors. Unknown fields are refused everywhere.
 */
export * from "./api-keys.ts";
export * from "./cut-text.ts";
export * from "./dataset-settings.ts";
export * from "./errors.ts";
export * from "./field-errors.ts";
export * from "./held-out.ts";
export * from "./identifiers.ts";
export * from "./job-kinds.ts";
export * from "./job-specs.ts";
export * from "./job-states.ts";
export * from "./job-stream.ts";
export * from "./maintenance.ts";
export { messageOf } from "./messages.ts";
export * from "./model-card.ts";
export * from "./model-card-text.ts";
export * from "./overview.ts";
export * from "./resources.ts";
export * from "./results.ts";
export * from "./settings.ts";
export * from "./sweep-methods.ts";
export * from "./sweep-resources.ts";
export * from "./sweeps.ts";
export * from "./uploads.ts";
export * from "./webhooks.ts";
