/**
 * A typed client of the server, for Node 20 and browsers: it needs `fetch` and nothing else.
 *
 * ```ts
 * const drc = new DrcClient({ url: "http://127.0.0.1:8080", key: "drc_…" });
 * const { id } = await drc.compressions.create({ dataset, model: { modelId }, budget: { of: "parameters", remove: 0.5 } });
 * const { state, models } = await drc.compressions.wait(id);
 * ```
 *
 * What creates something carries an idempotency key made for the call, so that it can be sent again where no answer came.
 * The server's refusals are `ProblemError`s; `ConnectionError` says that there was no answer.
 */
export * from "./client.ts";
export * from "./compressions.ts";
export {
  type DatasetFilter,
  Datasets,
  type ImageListOptions,
  type ImageOptions,
  type NewDataset,
  type NewDatasetVersion,
  type UploadFile,
} from "./datasets.ts";
export * from "./download.ts";
export * from "./errors.ts";
export * from "./jobs.ts";
export * from "./keys.ts";
export * from "./models.ts";
export type { RetryOptions } from "./retry.ts";
export * from "./server.ts";
export * from "./session.ts";
export * from "./sweeps.ts";
export type { CreateOptions, DrcClientOptions, PageOptions, RequestOptions } from "./transport.ts";
export * from "./uploads.ts";
export * from "./verify-webhook.ts";
export * from "./webhooks.ts";
