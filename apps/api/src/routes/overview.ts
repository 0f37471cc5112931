import {
  type OverviewResource,
  overviewResource,
  type RunningJob,
  type SlotResource,
  THROUGHPUT_MINUTES,
  THROUGHPUT_SPAN_MINUTES,
} from "@drc/contracts";
import {
  type Database,
  type EndedCount,
  endedWithinTheHour,
  latestFailures,
  leasedJobs,
  liveWorkers,
  queuedKinds,
  servedClasses,
  unfinishedJobs,
  type WorkedJob,
  workerUsages,
} from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { ApiContext } from "../context.ts";
import { answers } from "../openapi/answers.ts";
import { missingWorker } from "../resources/job-resource.ts";

const SHOWN_FAILURES = 10;

/** `GET /v1/overview`: the pool at a glance. What it costs depends on what goes on, not on what there once was. */
export function overviewRoutes({ database }: ApiContext): FastifyPluginCallbackZod {
  let asking: Promise<OverviewResource> | undefined;
  return (app, _options, done) => {
    app.get(
      "/overview",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getOverview",
          summary: "What the workers do, what waits, what failed last, and how many jobs ended within the hour",
          tags: ["Server"],
          response: answers({ 200: overviewResource }),
        },
      },
      async () => {
        // Pages ask for it every few seconds: who asks while it is being found out gets the same answer.
        asking ??= findOverview(database).finally(() => {
          asking = undefined;
        });
        return asking;
      },
    );
    done();
  };
}

async function findOverview(database: Database): Promise<OverviewResource> {
  const at = new Date();
  const [workers, usages, leased, unfinished, queue, served, failures, ended] = await Promise.all([
    liveWorkers(database),
    workerUsages(database),
    leasedJobs(database),
    unfinishedJobs(database),
    queuedKinds(database),
    servedClasses(database),
    latestFailures(database, SHOWN_FAILURES),
    endedWithinTheHour(database, at),
  ]);
  const left = new Set(leased);
  const jobOf = (workerId: string, device: string): RunningJob | null => {
    for (const job of left) {
      if (job.workerId !== workerId || job.device !== device) continue;
      left.delete(job);
      return runningJob(job);
    }
    return null;
  };
  const shown = workers.map(({ id, host, processId, heartbeatAt, slots, backends }) => ({
    id,
    host,
    processId,
    heartbeatAt,
    usage: usages.get(id) ?? null,
    slots: slots.map(
      ({ deviceClass, device }): SlotResource => ({
        deviceClass,
        device,
        backend: backends.find((backend) => backend.deviceClass === deviceClass)?.state ?? null,
        job: jobOf(id, device),
      }),
    ),
  }));
  return {
    at: at.toISOString(),
    workers: shown,
    lost: [...left].map(runningJob),
    unfinished,
    queue: queue.map((entry) => ({
      ...entry,
      waitsFor: served.has(entry.deviceClass) ? null : missingWorker(entry.deviceClass),
    })),
    failures: failures.map((job) => ({ ...job, endedAt: job.endedAt.toISOString() })),
    throughput: throughput(ended, at),
  };
}

function runningJob({ id, kind, name, state, startedAt, progress }: WorkedJob): RunningJob {
  return { id, kind, name, state, startedAt: startedAt.toISOString(), progress };
}

function throughput(ended: readonly EndedCount[], at: Date): OverviewResource["throughput"] {
  const spanMs = THROUGHPUT_SPAN_MINUTES * 60_000;
  const startMs = at.getTime() - THROUGHPUT_MINUTES * 60_000;
  return Array.from({ length: THROUGHPUT_MINUTES / THROUGHPUT_SPAN_MINUTES }, (_, span) => {
    const jobs = (state: EndedCount["state"]) =>
      ended.find((count) => count.span === span && count.state === state)?.jobs ?? 0;
    const from = new Date(startMs + span * spanMs).toISOString();
    return { from, succeeded: jobs("succeeded"), failed: jobs("failed"), cancelled: jobs("cancelled") };
  });
}
