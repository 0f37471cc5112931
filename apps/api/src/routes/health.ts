import { setTimeout as wait } from "node:timers/promises";
import {
  ApiError,
  type DeviceClass,
  includesScope,
  type ReadinessResource,
  readinessResource,
  SERVER_NAME,
  serverResource,
  type WorkerResource,
} from "@drc/contracts";
import { type Database, liveWorkers, servedClasses } from "@drc/database";
import type { FastifyRequest } from "fastify";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { answers } from "../openapi/answers.ts";
import { findCaller, type KeyCheck, SESSION_COOKIE } from "../plugins/authentication.ts";
import { missingWorker } from "../resources/job-resource.ts";

/** What says nothing for so long is not ready: whoever probes does not wait for ever. */
const CHECK_MS = 5_000;

/**
 * `/healthz`: the process answers. `/readyz`: so do Postgres, Redis and the store, each asked to do its work. Everybody may
 * know whether they do; what hosts there are, and what is wrong with them, only those who may read.
 */
export function healthRoutes(context: ApiContext, keys: KeyCheck): FastifyPluginCallbackZod {
  let asking: Promise<ReadinessResource> | undefined;
  return (app, _options, done) => {
    app.get(
      "/",
      {
        schema: {
          operationId: "getServer",
          summary: "What this server is, and where to read on",
          tags: ["Server"],
          response: answers({ 200: serverResource }),
        },
      },
      () => ({
        name: SERVER_NAME,
        api: "/v1",
        health: ["/healthz", "/readyz"],
        documentation: ["/docs", "/openapi.json"],
      }),
    );

    app.get(
      "/healthz",
      {
        schema: {
          operationId: "getHealth",
          summary: "The process lives",
          tags: ["Server"],
          response: answers({ 200: z.strictObject({ status: z.literal("ok") }) }),
        },
      },
      () => ({ status: "ok" }),
    );

    app.get(
      "/readyz",
      {
        schema: {
          operationId: "getReadiness",
          summary: "Whether database, Redis, store and the workers' native backends do their work",
          description: "With a key that may read, also which workers there are, what waits for one, and what is wrong.",
          tags: ["Server"],
          response: answers({ 200: readinessResource, 503: readinessResource }, "UNAUTHENTICATED", "RATE_LIMITED"),
        },
      },
      async (request, reply) => {
        // It is open to everybody, and costs something: who asks while it is being found out gets the same answer.
        asking ??= findReadiness(context).finally(() => {
          asking = undefined;
        });
        const [found, caller] = [asking, mayRead(request, keys)];
        // A wrong key is answered after the checks have ended as well: the request that follows gets checks of its own.
        await Promise.allSettled([found, caller]);
        const [readiness, detailed] = [await found, await caller];
        return reply.code(readiness.ready ? 200 : 503).send(detailed ? readiness : withoutDetails(readiness));
      },
    );

    done();
  };
}

/** @throws ApiError where a key or a session was sent that does not work. */
async function mayRead(request: FastifyRequest, keys: KeyCheck): Promise<boolean> {
  if (request.headers.authorization === undefined && request.cookies[SESSION_COOKIE] === undefined) return false;
  try {
    return includesScope((await answered(() => findCaller(request, keys))).scopes, "read");
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // The database is away: that is for the checks to say, and nobody is known.
    return false;
  }
}

function withoutDetails({ ready, checks }: ReadinessResource): ReadinessResource {
  return { ready, checks: Object.fromEntries(Object.entries(checks).map(([name, { ok }]) => [name, { ok }])) };
}

async function findReadiness({ database, queues, store }: ApiContext): Promise<ReadinessResource> {
  const [databaseCheck, redis, storeCheck] = await Promise.all([
    check(async () => {
      await database.$queryRaw`SELECT 1`;
      return "Postgres answers.";
    }),
    check(async () => {
      const policy = await queues.evictionPolicy();
      if (policy !== "noeviction") {
        throw new Error(`maxmemory-policy is ${policy}: entries may get lost. Set it to noeviction.`);
      }
      return "Redis answers and evicts nothing.";
    }),
    check(async () => {
      await store.check();
      return "The store writes and reads.";
    }),
  ]);
  const workers = databaseCheck.ok ? await liveWorkers(database) : [];
  const checks = { database: databaseCheck, redis, store: storeCheck, workers: checkBackends(workers) };
  const ready = Object.values(checks).every(({ ok }) => ok);
  return { ready, checks, workers, waiting: databaseCheck.ok ? await waitingJobs(database) : [] };
}

/** Field case 61: workers that are there and cannot compute are a fault, however well everything else works. */
function checkBackends(workers: readonly WorkerResource[]): { ok: boolean; detail: string } {
  const backends = workers.flatMap((worker) => worker.backends.map((backend) => ({ host: worker.host, ...backend })));
  const working = backends.filter(({ state }) => state === "works").length;
  if (working > 0) return { ok: true, detail: `${working} of ${backends.length} native backends work.` };
  if (backends.length === 0) return { ok: true, detail: "No worker with a device is there." };
  if (backends.some(({ state }) => state === "trying"))
    return { ok: true, detail: "The native backend is being tried." };
  const reasons = backends.map((one) => `${one.host}, ${one.deviceClass}: ${one.state === "failed" ? one.detail : ""}`);
  return { ok: false, detail: `No worker has a working native backend. ${[...new Set(reasons)].join(" ")}` };
}

/** A missing worker does not make this server unready: it goes on taking jobs. */
async function waitingJobs(database: Database): Promise<NonNullable<ReadinessResource["waiting"]>> {
  const served = await servedClasses(database);
  const queued = await database.job.groupBy({ by: ["deviceClass"], where: { state: "queued" }, _count: true });
  return queued
    .map(({ deviceClass, _count }) => ({ deviceClass: deviceClass as DeviceClass, jobs: _count }))
    .filter(({ deviceClass }) => !served.has(deviceClass))
    .map(({ deviceClass, jobs }) => ({ deviceClass, jobs, detail: missingWorker(deviceClass) }));
}

async function check(action: () => Promise<string>): Promise<{ ok: boolean; detail: string }> {
  try {
    return { ok: true, detail: await answered(action) };
  } catch (error) {
    return { ok: false, detail: (error as Error).message };
  }
}

/** @throws Error where nothing comes of it within `CHECK_MS`. */
async function answered<T>(action: () => Promise<T>): Promise<T> {
  const end = new AbortController();
  const silence = wait(CHECK_MS, undefined, { signal: end.signal }).then(() => {
    throw new Error(`No answer came within ${CHECK_MS / 1000} s.`);
  });
  silence.catch(() => {});
  try {
    return await Promise.race([action(), silence]);
  } finally {
    end.abort();
  }
}
