import type { ReadinessResource } from "@drc/contracts";
import { liveWorkers } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { ApiContext } from "../context.ts";

/** `/healthz`: the process answers. `/readyz`: so do Postgres, Redis and the store, each asked to do its work. */
export function healthRoutes(context: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get("/healthz", () => ({ status: "ok" }));

    app.get("/readyz", async (_request, reply) => {
      const [database, redis, store] = await Promise.all([
        check(async () => {
          await context.database.$queryRaw`SELECT 1`;
          return "Postgres answers.";
        }),
        check(async () => {
          const policy = await context.queues.evictionPolicy();
          if (policy !== "noeviction") {
            throw new Error(`maxmemory-policy is ${policy}: entries may get lost. Set it to noeviction.`);
          }
          return "Redis answers and evicts nothing.";
        }),
        check(async () => {
          await context.store.check();
          return "The store writes and reads.";
        }),
      ]);
      const checks = { database, redis, store };
      const ready = Object.values(checks).every(({ ok }) => ok);
      const workers = database.ok ? await liveWorkers(context.database) : [];
      return reply.code(ready ? 200 : 503).send({ ready, checks, workers } satisfies ReadinessResource);
    });

    done();
  };
}

async function check(action: () => Promise<string>): Promise<{ ok: boolean; detail: string }> {
  try {
    return { ok: true, detail: await action() };
  } catch (error) {
    return { ok: false, detail: (error as Error).message };
  }
}
