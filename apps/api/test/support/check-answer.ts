import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";

interface Operation {
  responses: Record<string, { content?: Record<string, unknown> }>;
}

type Paths = Record<string, Record<string, Operation>>;

/** Paths of the server that are pages for people, not the API. */
const PAGES = /^\/docs(\/|$)/;

/** Checks answers of an app, their status, content type and body, against its own OpenAPI document; throws with what is wrong. */
export class AnswerCheck {
  private readonly paths: [RegExp, string, Record<string, Operation>][];
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, formats: { "date-time": true, binary: true } });
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor(app: FastifyInstance) {
    const document = app.swagger() as unknown as { paths: Paths };
    this.ajv.addSchema(document, "openapi");
    this.paths = Object.entries(document.paths).map(([template, item]) => [
      new RegExp(`^${template.replaceAll(/[.]/g, "\\$&").replaceAll(/\{\w+\}/g, "[^/]+")}/?$`),
      template,
      item,
    ]);
    // A fixed path goes before one with a parameter in its place.
    this.paths.sort(([, a], [, b]) => a.split("{").length - b.split("{").length);
  }

  check(method: string, url: string, response: LightMyRequestResponse): void {
    const path = url.split("?")[0];
    if (PAGES.test(path)) return;
    const where = `${method} ${path} ${response.statusCode}`;
    const [, template, item] = this.paths.find(([pattern]) => pattern.test(path)) ?? [];
    const operation = item?.[method.toLowerCase() === "head" ? "get" : method.toLowerCase()];
    const contentType = String(response.headers["content-type"] ?? "").split(";")[0];
    // The dashboard's page and files are not the API's.
    if (contentType.startsWith("text/html") || where.includes(" /assets/")) return;
    if (!operation) {
      if (![404, 405].includes(response.statusCode))
        throw new Error(`${where}: the OpenAPI document has no such route.`);
      this.match("#/components/schemas/Problem", response.body, where);
      return;
    }
    const answer = operation.responses[String(response.statusCode)];
    if (!answer) {
      throw new Error(
        `${where}: the OpenAPI document has no such status for ${template}. The answer: ${response.body}`,
      );
    }
    if (method === "HEAD" || response.statusCode === 304 || response.statusCode === 204) return;
    const described = [contentType, "*/*"].find((type) => answer.content?.[type] !== undefined);
    if (described === undefined) {
      throw new Error(`${where}: the OpenAPI document has no content type ${JSON.stringify(contentType)}.`);
    }
    if (!/[/+]json$/.test(described)) return;
    const parts = ["paths", template, method.toLowerCase(), "responses", response.statusCode, "content", described];
    const pointer = parts.map(
      (part) => `/${encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1"))}`,
    );
    this.match(`#${pointer.join("")}/schema`, response.body, where);
  }

  private match(pointer: string, body: string, where: string): void {
    let validate = this.compiled.get(pointer);
    if (!validate) {
      validate = this.ajv.compile({ $ref: `openapi${pointer}` });
      this.compiled.set(pointer, validate);
    }
    if (validate(JSON.parse(body))) return;
    throw new Error(
      `${where}: the answer is not what the OpenAPI document says: ${this.ajv.errorsText(validate.errors)}`,
    );
  }
}

/** From now on every answer that `inject` gives is checked. */
export function checkAnswers(app: FastifyInstance): void {
  const inject = app.inject.bind(app) as (options: {
    method?: string;
    url?: string;
  }) => Promise<LightMyRequestResponse>;
  let check: AnswerCheck | undefined;
  app.inject = (async (options: { method?: string; url?: string }) => {
    const response = await inject(options);
    check ??= new AnswerCheck(app);
    check.check((options.method ?? "GET").toUpperCase(), options.url ?? "/", response);
    return response;
  }) as unknown as typeof app.inject;
}
