/** What has to hold when everything has ended; each finding is a fault of the server. */
import { BlobStore } from "@drc/storage";
import pg from "pg";
import type { Heard } from "./receiver.ts";
import type { Rig } from "./rig.ts";

export interface Counts {
  jobs: number;
  attempts: number;
  /** Attempts that ended otherwise than with success: killed, lost, handed back, or stopped. */
  interrupted: number;
  blobs: number;
  webhookEvents: number;
}

/** Asks database and store; both have to be up. */
export async function inspect(
  rig: Pick<Rig, "databaseUrl" | "s3">,
  endpointId: string,
  heard: Heard,
): Promise<{ faults: string[]; counts: Counts }> {
  const client = new pg.Client({ connectionString: rig.databaseUrl });
  await client.connect();
  try {
    const faults = [
      ...(await named(client, "a job has not ended", UNFINISHED)),
      ...(await named(client, "two attempts of a job overlap", OVERLAPPING)),
      ...(await named(client, "an attempt did not end with its job", OPEN_ATTEMPTS)),
      ...(await named(client, "the number of models is wrong", WRONG_MODELS)),
      ...(await named(client, "a checkpoint was taken from an attempt that had lost its lease", FENCED_CHECKPOINTS)),
      ...(await named(client, "both or none of result and error are there", WRONG_ENDS)),
      ...(await named(client, "events are not numbered from 1 without gaps", WRONG_EVENTS)),
    ];
    const { rows: jobs } = await client.query<{ id: string; type: string }>(
      `SELECT id, 'job.' || state AS type FROM "Job" WHERE state IN ('succeeded', 'failed', 'cancelled')`,
    );
    const blobs = await checkBlobs(client, rig);
    const webhooks = await checkWebhooks(client, endpointId, heard, jobs);
    const [attempts] = (
      await client.query<{ all: string; interrupted: string }>(
        `SELECT count(*) AS all, count(*) FILTER (WHERE outcome <> 'succeeded') AS interrupted FROM "Attempt"`,
      )
    ).rows;
    return {
      faults: [...faults, ...blobs.faults, ...webhooks.faults],
      counts: {
        jobs: jobs.length,
        attempts: Number(attempts.all),
        interrupted: Number(attempts.interrupted),
        blobs: blobs.count,
        webhookEvents: webhooks.count,
      },
    };
  } finally {
    await client.end();
  }
}

const UNFINISHED = `SELECT id FROM "Job" WHERE state NOT IN ('succeeded', 'failed', 'cancelled')`;

/** A lease that was valid for two attempts at once would show as attempts that overlap. */
const OVERLAPPING = `
  SELECT DISTINCT one."jobId" AS id FROM "Attempt" one JOIN "Attempt" other
    ON other."jobId" = one."jobId" AND other.number > one.number
  WHERE coalesce(one."endedAt", 'infinity') > other."startedAt"`;

const OPEN_ATTEMPTS = `SELECT "jobId" AS id FROM "Attempt" WHERE "endedAt" IS NULL`;

/** A training and a fine-tuning give two models, a pruning one, each once: of the attempt that succeeded. */
const WRONG_MODELS = `
  SELECT job.id FROM "Job" job LEFT JOIN "Model" model ON model."originJobId" = job.id
  GROUP BY job.id HAVING count(model.id) <> CASE WHEN job.state <> 'succeeded' THEN 0
    WHEN job.kind IN ('train', 'fine-tune') THEN 2 WHEN job.kind = 'prune' THEN 1 ELSE 0 END`;

const FENCED_CHECKPOINTS = `
  SELECT checkpoint.id FROM "Checkpoint" checkpoint JOIN "Attempt" attempt
    ON attempt."jobId" = checkpoint."jobId" AND attempt.number = checkpoint."attemptNumber"
  WHERE checkpoint."createdAt" < attempt."startedAt" OR checkpoint."createdAt" > attempt."endedAt"`;

const WRONG_ENDS = `
  SELECT id FROM "Job" WHERE (state = 'succeeded') <> (result IS NOT NULL) OR (state = 'failed') <> (error IS NOT NULL)`;

const WRONG_EVENTS = `
  SELECT job.id FROM "Job" job JOIN "JobEvent" event ON event."jobId" = job.id
  GROUP BY job.id HAVING count(*) <> job."eventCount" OR max(event.number) <> job."eventCount" OR min(event.number) <> 1`;

async function named(client: pg.Client, what: string, sql: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(sql);
  return rows.map(({ id }) => `${what}: ${id}`);
}

/** Reads every blob that the database knows: none may be missing, cut or changed. */
async function checkBlobs(client: pg.Client, rig: Pick<Rig, "s3">): Promise<{ faults: string[]; count: number }> {
  const store = new BlobStore(rig.s3);
  const { rows } = await client.query<{ sha256: string; sizeBytes: string }>(`
    SELECT sha256, "sizeBytes" FROM "Blob"
    UNION SELECT file->>'sha256', (file->>'sizeBytes')::bigint FROM "Checkpoint", jsonb_array_elements(files) AS file`);
  const faults: string[] = [];
  for (const { sha256, sizeBytes } of rows) {
    try {
      const bytes = await store.read(sha256);
      if (bytes.length !== Number(sizeBytes))
        faults.push(`the blob ${sha256} has ${bytes.length} bytes, not ${sizeBytes}`);
    } catch (error) {
      faults.push(`the blob ${sha256} cannot be read: ${(error as Error).message}`);
    }
  }
  return { faults, count: rows.length };
}

/** Every end of a job and of a compression was heard, under the one identifier that the database has for it. */
async function checkWebhooks(
  client: pg.Client,
  endpointId: string,
  heard: Heard,
  jobs: readonly { id: string; type: string }[],
): Promise<{ faults: string[]; count: number }> {
  const { rows } = await client.query<{ id: string; event: string; state: string }>(
    `SELECT id, type || ' ' || (body::jsonb->'data'->>'id') AS event, state FROM "WebhookMessage" WHERE "endpointId" = $1`,
    [endpointId],
  );
  const messages = new Map<string, string[]>();
  const faults: string[] = [];
  for (const { id, event, state } of rows) {
    messages.set(event, [...(messages.get(event) ?? []), id]);
    if (state !== "delivered") faults.push(`the webhook message ${id} (${event}) is ${state}`);
    if (!heard.get(event)?.has(id)) faults.push(`the webhook message ${id} (${event}) was not received`);
  }
  for (const [event, ids] of heard) {
    const known = messages.get(event) ?? [];
    for (const id of ids.keys()) {
      if (!known.includes(id)) faults.push(`a webhook ${id} (${event}) was received that the database does not know`);
    }
    // What ends, ends once; a job may be paused as often as somebody asks.
    if (ids.size > 1 && !event.startsWith("job.paused "))
      faults.push(`${event} was received under ${ids.size} identifiers`);
  }
  const compressions = await client.query<{ id: string }>('SELECT id FROM "Compression"');
  const told = (id: string) =>
    [...messages.keys()].some((event) => event.startsWith("compression.") && event.endsWith(id));
  for (const { id } of compressions.rows) if (!told(id)) faults.push(`no webhook told of the end of ${id}`);
  for (const { id, type } of jobs) {
    if (!messages.has(`${type} ${id}`)) faults.push(`no webhook told that ${id} ended (${type})`);
  }
  return { faults, count: messages.size };
}
