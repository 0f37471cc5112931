import { ApiError, createSessionBody, type SessionResource, sessionResource } from "@drc/contracts";
import { createSession, removeSession } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { ApiContext } from "../context.ts";
import { answers } from "../openapi/answers.ts";
import { type KeyCheck, requireOwnOrigin, SESSION_COOKIE, SESSION_MS } from "../plugins/authentication.ts";

/** The sign-in of browsers: a cookie that no script can read, in the place of the key. */
export function sessionRoutes({ database }: ApiContext, keys: KeyCheck): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post(
      "/session",
      {
        config: { scope: "none" },
        schema: {
          operationId: "signIn",
          summary: "Sign a browser in with an API key",
          description: "Sets the cookie `drc_session`, which has the key's rights for 12 hours after its last use.",
          tags: ["Keys"],
          security: [],
          body: createSessionBody,
          response: answers({ 201: sessionResource }, "CSRF_FAILED"),
        },
      },
      async (request, reply): Promise<SessionResource> => {
        requireOwnOrigin(request);
        const { apiKeyId, name, scopes } = await keys.check(request.body.key, request);
        const { token, csrfToken, expiresAt } = await createSession(database, apiKeyId, SESSION_MS);
        // Without an age: how long it is good for is the server's to say.
        reply.setCookie(SESSION_COOKIE, token, {
          httpOnly: true,
          sameSite: "strict",
          path: "/",
          secure: request.protocol === "https",
        });
        reply.code(201).header("location", "/v1/session").header("cache-control", "no-store");
        return { name, scopes, csrfToken, expiresAt: expiresAt.toISOString() };
      },
    );

    app.get(
      "/session",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getSession",
          summary: "The session of the cookie, and its CSRF token",
          tags: ["Keys"],
          response: answers({ 200: sessionResource }, "NOT_FOUND"),
        },
      },
      async (request, reply): Promise<SessionResource> => {
        const { name, scopes, session } = request.caller;
        if (!session) {
          throw new ApiError("NOT_FOUND", "This request has a key and no session. GET /v1/whoami tells about keys.");
        }
        reply.header("cache-control", "no-store");
        return { name, scopes, csrfToken: session.csrfToken, expiresAt: session.expiresAt.toISOString() };
      },
    );

    app.delete(
      "/session",
      {
        config: { scope: "read" },
        schema: {
          operationId: "signOut",
          summary: "Sign out",
          tags: ["Keys"],
          response: answers({ 204: {} }),
        },
      },
      async (request, reply) => {
        if (request.caller.session) await removeSession(database, request.caller.session.hash);
        reply.clearCookie(SESSION_COOKIE, { path: "/" });
        return reply.code(204).send();
      },
    );

    done();
  };
}
