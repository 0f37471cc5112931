/**
 * A server that has run for years answers like a new one. `JOBS` is how many ended jobs the old one has; beside them both
 * have the same few that have not ended.
 */
import process from "node:process";
import { jobSpec, newId } from "@drc/contracts";
import { createJobs, findEvaluations, findReaders, reapLeases } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { makeKey, readyDataset, startApi, type TestApi } from "./support/api.ts";

const MANY = Number(process.env.JOBS ?? 100_000);
const FEW = 1_000;
const UNFINISHED = 20;
const REQUESTS = 15;
/** Within it, a difference is the machine's, not the number of jobs'. */
const NOISE_MS = 2;

interface Server {
  api: TestApi;
  jobs: number;
  /** With a limit of unfinished jobs, and the owner of all. */
  asOwner: Pick<TestApi, "get" | "post">;
  dataset: { datasetId: string; version: number };
}

const servers: Server[] = [];
beforeAll(async () => {
  for (const jobs of [FEW, MANY]) {
    const api = await startApi();
    const owner = await makeKey(api, { limits: { queuedJobs: 1_000_000 } });
    const dataset = await readyDataset(api, 4, [{ width: 96, height: 96 }]);
    await insertEndedJobs(api, jobs, owner.id, dataset);
    servers.push({ api, jobs, asOwner: api.as(owner.key), dataset });
  }
}, 600_000);
afterAll(async () => {
  for (const { api } of servers) await api.stop();
});

const idOf = (prefix: string, i: number) => `${prefix}_${String(i).padStart(20, "0")}`;
/** When a job was created: one a second, the newest just now. */
const createdAtOf = (i: number, jobs: number) => new Date(newestMs - (jobs - i) * 1000);
const newestMs = Math.floor(Date.now() / 1000) * 1000;

/** Of three kinds, three states, ten labels; eight to a compression. */
async function insertEndedJobs(api: TestApi, jobs: number, owner: string, dataset: Server["dataset"]): Promise<void> {
  const { database } = api.services;
  const specs = [
    jobSpec.parse({ kind: "evaluate", spec: { model: "bicubic", dataset } }),
    jobSpec.parse({ kind: "export", spec: { model: { modelId: newId("model") } } }),
    jobSpec.parse({ kind: "evaluate", spec: { model: { modelId: newId("model") }, dataset } }),
  ];
  await database.$executeRaw`
    INSERT INTO "Compression" (id, "apiKeyId", body, stages, "createdAt")
    SELECT 'cmp_' || lpad(i::text, 20, '0'), ${owner}, '{}', '[]', ${new Date(newestMs)}::timestamptz
    FROM generate_series(0, ${Math.floor(jobs / 8)}::int) AS i`;
  await database.$executeRaw`
    INSERT INTO "Job" (id, kind, labels, "apiKeyId", "deviceClass", spec, seed, priority, state, "eventCount",
      "compressionId", "createdAt", "startedAt", "endedAt")
    SELECT 'job_' || lpad(i::text, 20, '0'), specs->(i % 3)->>'kind', ARRAY['run-' || i % 10], ${owner}, 'cpu',
      specs->(i % 3)->'spec', 1, 50, (ARRAY['succeeded', 'succeeded', 'failed', 'cancelled'])[1 + i % 4], 1,
      'cmp_' || lpad((i / 8)::text, 20, '0'), at, at, at
    FROM (SELECT ${JSON.stringify(specs)}::jsonb AS specs) AS given, generate_series(0, ${jobs - 1}::int) AS i,
      LATERAL (SELECT ${new Date(newestMs)}::timestamptz - (${jobs}::int - i) * interval '1 second' AS at) AS time`;
  const unfinished = Array.from({ length: UNFINISHED }, () => someJob({ apiKeyId: owner }));
  await database.$transaction((transaction) => createJobs(transaction, unfinished));
  await database.$executeRaw`VACUUM ANALYZE`;
}

const list = (query: string) => ({
  what: `GET /v1/jobs?${query.replaceAll(/cursor=[^&]*/g, "cursor=…")}`,
  run: async ({ api }: Server) => expectOk(await api.get(`/v1/jobs?${query}`), 200),
});

async function expectOk(response: { statusCode: number; body: string }, status: number): Promise<void> {
  if (response.statusCode !== status) throw new Error(`${response.statusCode}: ${response.body}`);
}

/** Where a page begins in the middle of all jobs. */
const cursorOf = ({ jobs }: Server) => {
  const i = jobs / 2;
  return Buffer.from(`${createdAtOf(i, jobs).toISOString()}|${idOf("job", i)}`).toString("base64url");
};

/** A hundred seconds, and so a hundred jobs, in the middle. */
const spanOf = ({ jobs }: Server) =>
  `createdAfter=${createdAtOf(jobs / 2, jobs).toISOString()}&createdBefore=${createdAtOf(jobs / 2 + 100, jobs).toISOString()}`;

const get = (what: string, path: (server: Server) => string) => ({
  what,
  run: async (server: Server) => expectOk(await server.api.get(path(server)), 200),
});

const CASES: { what: string; run(server: Server): Promise<unknown> }[] = [
  list(""),
  list("state=failed"),
  list("state=queued"),
  list("state=paused"),
  list("kind=export"),
  list("kind=train"),
  list("kind=evaluate&state=cancelled"),
  list("label=run-3"),
  list("label=nobody"),
  list("search=nobody"),
  list("sort=ended"),
  list("sort=ended&order=oldest&state=failed"),
  list("sort=ended&label=run-3"),
  list("search=job_00000000000000000007"),
  get("GET /v1/jobs?compressionId=…", ({ jobs }) => `/v1/jobs?compressionId=${idOf("cmp", Math.floor(jobs / 16))}`),
  get("GET /v1/jobs?createdAfter=…&createdBefore=…", (server) => `/v1/jobs?${spanOf(server)}`),
  get("GET /v1/jobs?endedAfter=…", ({ jobs }) => `/v1/jobs?endedAfter=${createdAtOf(jobs - 100, jobs).toISOString()}`),
  get("GET /v1/jobs?sort=ended&cursor=…", (server) => `/v1/jobs?sort=ended&cursor=${cursorOf(server)}`),
  get("GET /v1/jobs?createdBefore=…", ({ jobs }) => `/v1/jobs?createdBefore=${createdAtOf(100, jobs).toISOString()}`),
  get("GET /v1/jobs?cursor=…", (server) => `/v1/jobs?cursor=${cursorOf(server)}`),
  get("GET /v1/jobs?state=failed&cursor=…", (server) => `/v1/jobs?state=failed&cursor=${cursorOf(server)}`),
  get("GET /v1/jobs?kind=export&cursor=…", (server) => `/v1/jobs?kind=export&cursor=${cursorOf(server)}`),
  get("GET /v1/jobs?label=run-3&cursor=…", (server) => `/v1/jobs?label=run-3&cursor=${cursorOf(server)}`),
  get("GET /v1/jobs/ID", ({ jobs }) => `/v1/jobs/${idOf("job", jobs / 2)}`),
  get("GET /v1/jobs/ID/events", ({ jobs }) => `/v1/jobs/${idOf("job", jobs / 2)}/events`),
  get("GET /metrics", () => "/metrics"),
  get("GET /v1/overview", () => "/v1/overview"),
  {
    what: "POST /v1/jobs",
    run: async ({ asOwner, dataset }) =>
      expectOk(await asOwner.post("/v1/jobs", { kind: "evaluate", spec: { model: "bicubic", dataset } }), 202),
  },
  {
    what: "POST /v1/jobs?dryRun=true",
    run: async ({ asOwner, dataset }) => {
      const body = { kind: "evaluate", spec: { model: "bicubic", dataset } };
      await expectOk(await asOwner.post("/v1/jobs?dryRun=true", body), 200);
    },
  },
  {
    what: "DELETE /v1/datasets/ID, which jobs read",
    run: async ({ api, dataset }) => expectOk(await api.remove(`/v1/datasets/${dataset.datasetId}`), 409),
  },
  {
    what: "who reads a model",
    run: ({ api }) => findReaders(api.services.database, [{ modelId: newId("model") }, { fromJob: newId("job") }]),
  },
  {
    what: "evaluations of a model",
    run: ({ api }) => {
      const model = { id: newId("model"), role: "best", originJobId: newId("job") };
      return findEvaluations(api.services.database, model);
    },
  },
  { what: "leases that have run out", run: ({ api }) => reapLeases(api.services.database) },
];

const name = `with ${MANY} jobs takes at most twice the time of ${FEW}: $what`;
it.each(CASES)(name, async ({ what, run }) => {
  const times = new Map<Server, number[]>(servers.map((server) => [server, []]));
  for (const server of servers) await run(server);
  // In turns, so that both meet the same neighbours on the machine.
  for (let i = 0; i < REQUESTS; i++) {
    for (const [server, milliseconds] of times) {
      const startedAtMs = performance.now();
      await run(server);
      milliseconds.push(performance.now() - startedAtMs);
    }
  }
  const [few, many] = [...times.values()].map(medianOf);
  if (process.env.JOBS !== undefined) console.log(`${few.toFixed(1)} ms, ${many.toFixed(1)} ms: ${what}`);
  expect(many).toBeLessThan(2 * few + NOISE_MS);
});

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
