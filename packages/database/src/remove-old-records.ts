import type { Database } from "./client.ts";

/** What is kept for how long; 0 days: for ever. */
export interface RetentionRules {
  /** Events, metrics and log lines of jobs that have ended. */
  jobRecordDays: number;
  /** Webhook messages that are not to be sent any more: delivered, failed, or of a disabled endpoint. */
  webhookMessageDays: number;
}

/** A worker that was not heard of for so long does not come back; one that does registers anew. */
const WORKER_DAYS = 1;

/** Jobs, and rows of each table, that one step looks at: it holds up nothing else for long. */
const STEP = { jobs: 50, rows: 5_000 };

/** Removes some of what is older than the rules have it, in a step that takes little time; the next one goes on. */
export async function removeOldRecords(
  database: Database,
  rules: RetentionRules,
  step: { jobs: number; rows: number } = STEP,
): Promise<void> {
  if (rules.jobRecordDays > 0) await removeJobRecords(database, rules.jobRecordDays, step);
  if (rules.webhookMessageDays > 0) {
    await database.$executeRaw`
      DELETE FROM "WebhookMessage" WHERE id IN (
        SELECT id FROM "WebhookMessage"
        WHERE (state <> 'pending' OR "endpointId" IN (SELECT id FROM "WebhookEndpoint" WHERE state = 'disabled'))
          AND "createdAt" < clock_timestamp() - ${rules.webhookMessageDays} * interval '1 day'
        ORDER BY "createdAt" LIMIT ${step.rows})`;
  }
  await database.$executeRaw`
    DELETE FROM "Worker" WHERE "heartbeatAt" < clock_timestamp() - ${WORKER_DAYS} * interval '1 day'`;
}

async function removeJobRecords(database: Database, days: number, step: { jobs: number; rows: number }): Promise<void> {
  const jobs = await database.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Job"
    WHERE "recordsRemovedAt" IS NULL AND "endedAt" < clock_timestamp() - ${days} * interval '1 day'
    ORDER BY "endedAt" LIMIT ${step.jobs}`;
  let left = step.rows;
  for (const { id } of jobs) {
    left -= await database.$executeRaw`
      DELETE FROM "JobLog" WHERE ctid IN (SELECT ctid FROM "JobLog" WHERE "jobId" = ${id} LIMIT ${left})`;
    left -= await database.$executeRaw`
      DELETE FROM "JobMetric" WHERE ctid IN (SELECT ctid FROM "JobMetric" WHERE "jobId" = ${id} LIMIT ${left})`;
    left -= await database.$executeRaw`
      DELETE FROM "JobEvent" WHERE ctid IN (SELECT ctid FROM "JobEvent" WHERE "jobId" = ${id} LIMIT ${left})`;
    if (left <= 0) return;
    await database.$executeRaw`UPDATE "Job" SET "recordsRemovedAt" = clock_timestamp() WHERE id = ${id}`;
  }
}
