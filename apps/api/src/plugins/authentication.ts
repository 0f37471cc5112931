import { ApiError } from "@drc/contracts";
import { type Database, findApiKey } from "@drc/database";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks: set on every route that needs a key. */
    caller: Caller;
  }
}

export interface Caller {
  apiKeyId: string;
}

/** Lets only requests with an API key through to the routes of this instance. */
export function registerAuthentication(app: FastifyInstance, database: Database): void {
  app.addHook("onRequest", async (request) => {
    const [, key] = /^Bearer +(drc_[\w-]+)$/.exec(request.headers.authorization ?? "") ?? [];
    if (key === undefined) {
      throw new ApiError("UNAUTHENTICATED", 'Send the header "Authorization: Bearer drc_…" with your API key.');
    }
    const apiKeyId = await findApiKey(database, key);
    if (apiKeyId === null) {
      throw new ApiError(
        "UNAUTHENTICATED",
        "This API key is unknown. The server's first start prints the key and keeps it in its data folder.",
      );
    }
    request.caller = { apiKeyId };
  });
}
