/**
 * Who asks, and whether they may. Every route below this plugin declares what it needs as `config: { scope }`. A key comes
 * in the header `Authorization`, or behind the cookie of a session; a session's requests that change something have to
 * show that the dashboard sent them.
 */
import { timingSafeEqual } from "node:crypto";
import { ApiError, dryRunQuery, includesScope, type Scope } from "@drc/contracts";
import {
  authenticateKeys,
  authenticateSession,
  type Database,
  type KeyAnswer,
  type KnownKey,
  type KnownSession,
} from "@drc/database";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Batches } from "../batches.ts";
import { FailedSignIns } from "./failed-sign-ins.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Every route, with what a key needs for it. */
    declaredRoutes: DeclaredRoute[];
  }
  interface FastifyRequest {
    /** Who asks: set on every route that needs a key. */
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** What a key needs for this route; `none` for the sign-in alone, which checks the key that it is sent. */
    scope?: Scope | "none";
  }
}

export interface DeclaredRoute {
  method: string;
  url: string;
  scope: Scope | "none" | undefined;
}

export interface Caller extends KnownKey {
  /** Where a browser asks. */
  session?: KnownSession;
}

export const SESSION_COOKIE = "drc_session";
export const SESSION_MS = 12 * 3_600_000;
/** Of one question to the database, and such questions at the same time. */
const KEYS_TOGETHER = 256;
const LOOKUPS = 2;

/** Notes the routes that are registered from now on. */
export function listRoutes(app: FastifyInstance): void {
  app.decorate("declaredRoutes", []);
  app.addHook("onRoute", ({ method, url, config }) => {
    for (const one of [method].flat()) app.declaredRoutes.push({ method: one, url, scope: config?.scope });
  });
}

/** Checks keys and sessions; whoever guesses at them is soon refused unheard. */
export class KeyCheck {
  private readonly database: Database;
  private readonly failures = new FailedSignIns();
  private readonly lookups: Batches<string, KeyAnswer>;

  constructor(database: Database) {
    this.database = database;
    // Asked anew for every request, so that a revoked key never works again; but once for all that come together.
    this.lookups = new Batches(
      async (keys) => {
        const answers = await authenticateKeys(database, keys);
        return answers.map((value) => ({ status: "fulfilled", value }));
      },
      { size: KEYS_TOGETHER, inFlight: LOOKUPS },
    );
  }

  /** @throws ApiError `UNAUTHENTICATED` or `RATE_LIMITED` */
  async check(key: string, request: FastifyRequest): Promise<KnownKey> {
    this.failures.requireFew(request.ip, key);
    const answer = await this.lookups.ask(key);
    if (answer.type !== "known") this.failures.note(request.ip, key);
    switch (answer.type) {
      case "known":
        return answer.key;
      case "unknown":
        throw unauthenticated(
          "This API key is unknown. The server's first start prints the key and keeps it in its data folder.",
        );
      case "expired":
        throw unauthenticated("This API key has expired. Ask for another one, or for a later expiry.");
      case "revoked":
        throw unauthenticated("This API key was revoked. Ask for another one.");
    }
  }

  /** @throws ApiError `UNAUTHENTICATED` or `RATE_LIMITED` */
  async checkSession(token: string, request: FastifyRequest): Promise<KnownSession> {
    this.failures.requireFew(request.ip, token);
    const session = await authenticateSession(this.database, token, SESSION_MS);
    if (session) return session;
    this.failures.note(request.ip, token);
    throw unauthenticated("The session has ended. Sign in again.");
  }
}

/** Lets only requests through to the routes of this instance that have a key of the scope which the route declares. */
export function registerAuthentication(app: FastifyInstance, keys: KeyCheck): void {
  app.addHook("onRequest", async (request) => {
    const needed = neededScope(request);
    if (needed === "none") return;
    const caller = await findCaller(request, keys);
    if (caller.session) requireOwnPage(request, caller.session);
    request.caller = caller;
    if (includesScope(caller.scopes, needed)) return;
    throw new ApiError(
      "FORBIDDEN",
      `${request.method} ${request.routeOptions.url} needs the scope "${needed}"; the key "${caller.name}" has ${caller.scopes.join(", ")}.`,
    );
  });
}

function neededScope({ routeOptions: { config, schema }, query }: FastifyRequest): Scope | "none" {
  // A dry run makes nothing, and tells nothing that its asker could not read.
  if (schema?.querystring === dryRunQuery && (query as { dryRun?: unknown }).dryRun === "true") return "read";
  // A route that declares nothing is for administrators alone.
  return config.scope ?? "admin";
}

/** @throws ApiError `UNAUTHENTICATED` or `RATE_LIMITED` */
export async function findCaller(request: FastifyRequest, keys: KeyCheck): Promise<Caller> {
  const { authorization } = request.headers;
  const token = request.cookies[SESSION_COOKIE];
  if (authorization === undefined && token !== undefined) {
    const session = await keys.checkSession(token, request);
    return { ...session.key, session };
  }
  const [, key] = /^Bearer +(drc_[\w-]+)$/i.exec(authorization ?? "") ?? [];
  if (key === undefined) throw unauthenticated('Send the header "Authorization: Bearer drc_…" with your API key.');
  return keys.check(key, request);
}

/** A page of another site can make a browser send the cookie, but can neither read the token nor change the origin. */
function requireOwnPage(request: FastifyRequest, { csrfToken }: KnownSession): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  requireOwnOrigin(request);
  const given = request.headers["x-csrf-token"];
  if (typeof given === "string" && equal(given, csrfToken)) return;
  throw new ApiError(
    "CSRF_FAILED",
    'A session\'s request needs the header "x-csrf-token" with the csrfToken of GET /v1/session.',
  );
}

/** @throws ApiError `CSRF_FAILED` where a browser says that a page of another server has sent the request. */
export function requireOwnOrigin(request: FastifyRequest): void {
  const { origin } = request.headers;
  // Without its scheme, which a proxy may have changed.
  if (origin === undefined || origin.replace(/^https?:\/\//, "") === request.host) return;
  throw new ApiError("CSRF_FAILED", `The request comes from a page of ${origin}; this server is ${request.host}.`);
}

function equal(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

export function unauthenticated(detail: string): ApiError {
  return new ApiError("UNAUTHENTICATED", detail);
}
