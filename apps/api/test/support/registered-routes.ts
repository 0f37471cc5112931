import type { FastifyInstance } from "fastify";

/** All routes of an app, such as `GET /v1/jobs/{jobId}`, sorted; read from what its router prints. HEAD goes with GET. */
export function registeredRoutes(app: FastifyInstance): string[] {
  const above: string[] = [];
  const routes: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split("\n")) {
    const [, indent, part, methods] = /^((?:│ {3}| {4})*)[├└]── (\S*) ?(?:\((.*)\))?$/.exec(line) ?? [];
    if (indent === undefined) continue;
    const depth = indent.length / 4;
    above[depth] = part;
    if (methods === undefined) continue;
    const url = above
      .slice(0, depth + 1)
      .join("")
      .replaceAll(/:(\w+)/g, "{$1}");
    for (const method of methods.split(", ")) if (method !== "HEAD") routes.push(`${method} ${url}`);
  }
  return routes.sort();
}
