/**
 * Metadata in Postgres, and the life cycle of jobs on it. Every change of a job is fenced: by the state it expects,
 * by the lease token of the attempt that asks, or by the dispatch number of a queue entry. A function that returns
 * null or false has changed nothing, because its fence did not hold.
 */
export type {
  ApiKey,
  Attempt,
  Compression,
  Dataset,
  DatasetVersion,
  Job,
  JobEvent,
  JobLog,
  JobMetric,
  Model,
  Sweep,
  SweepPoint,
  WebhookAttempt,
  WebhookEndpoint,
  WebhookMessage,
} from "../generated/client.ts";
export * from "./announce.ts";
export * from "./api-keys.ts";
export * from "./attempt-end.ts";
export * from "./authenticate.ts";
export * from "./blobs.ts";
export * from "./claim-job.ts";
export * from "./claim-next.ts";
export * from "./client.ts";
export * from "./compression-state.ts";
export * from "./control-group.ts";
export * from "./control-job.ts";
export * from "./create-jobs.ts";
export * from "./delete-jobs.ts";
export * from "./describe-versions.ts";
export * from "./end-attempt.ts";
export * from "./find-evaluations.ts";
export * from "./find-readers.ts";
export * from "./idempotency.ts";
export * from "./input-lock.ts";
export * from "./inputs.ts";
export * from "./keeper-lock.ts";
export * from "./key-limits.ts";
export * from "./lease.ts";
export * from "./migrate.ts";
export * from "./models.ts";
export * from "./outage.ts";
export * from "./outbox.ts";
export * from "./overview.ts";
export * from "./reap-leases.ts";
export * from "./reconcile.ts";
export * from "./record-checkpoint.ts";
export * from "./record-logs.ts";
export * from "./record-progress.ts";
export * from "./remove-old-records.ts";
export * from "./retry-job.ts";
export * from "./sessions.ts";
export * from "./settle-blocked.ts";
export * from "./stop-rule.ts";
export * from "./sweep-state.ts";
export * from "./transition.ts";
export * from "./unused-blobs.ts";
export * from "./uploads.ts";
export * from "./webhook-limit.ts";
export * from "./webhook-messages.ts";
export * from "./workers.ts";
