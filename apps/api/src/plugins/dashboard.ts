import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import staticFiles from "@fastify/static";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { DashboardFiles } from "../context.ts";

/** What is not the dashboard's, even where a browser opens it as a page. */
const NOT_PAGES = /^\/(v1|docs|assets|metrics|healthz|readyz|openapi\.json)(\/|$)/;

/** Stands in the built page where each answer puts a nonce of its own. */
const NONCE_PLACE = "{{csp-nonce}}";

/**
 * The pages for people: one HTML file for all addresses that a browser opens and that are not the API's, and the scripts
 * and styles under `/assets/`, whose names change with their content. The components put styles of their own into the
 * page, which the nonce allows; no script but those files is let in.
 */
export async function registerDashboard(
  app: FastifyInstance,
  { folder, storeEndpoint }: DashboardFiles,
): Promise<void> {
  const page = await readFile(join(folder, "index.html"), "utf8");
  const store = new URL(storeEndpoint).origin;
  app.addHook("onRequest", async (request, reply) => {
    if (!opensPage(request)) return;
    const nonce = randomBytes(16).toString("base64");
    return reply
      .header("content-security-policy", policy(nonce, store))
      .header("cache-control", "no-store")
      .header("vary", "accept")
      .type("text/html; charset=utf-8")
      .send(page.replaceAll(NONCE_PLACE, nonce));
  });
  await app.register(staticFiles, {
    root: join(folder, "assets"),
    prefix: "/assets/",
    preCompressed: true,
    immutable: true,
    maxAge: "365d",
    index: false,
    decorateReply: false,
  });
}

/** `/` is a page for browsers, and says what the server is to others. */
function opensPage({ method, headers, url }: FastifyRequest): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  return /\btext\/html\b/.test(headers.accept ?? "") && !NOT_PAGES.test(url.replace(/[?#].*$/s, ""));
}

function policy(nonce: string, store: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' blob: data:",
    "font-src 'self'",
    `connect-src 'self' ${store}`,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");
}
