import { collectionResource } from "@drc/contracts";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { ApiContext } from "../context.ts";
import { collectGarbage } from "../keepers/collect.ts";
import { answers } from "../openapi/answers.ts";

export function maintenanceRoutes({ database, presigned, bucket, collection }: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post(
      "/maintenance/collect",
      {
        config: { scope: "admin" },
        schema: {
          operationId: "collectGarbage",
          summary: "Remove what nothing refers to",
          description: "Happens by itself once an hour. Says how much it has removed.",
          tags: ["Server"],
          response: answers({ 200: collectionResource }, "STORE_UNAVAILABLE"),
        },
      },
      async () => collectGarbage({ database, presigned, bucket }, collection),
    );
    done();
  };
}
