import type { FastifyRequest } from "fastify";
import { expect, it } from "vitest";
import { describeRequest } from "./request-log.ts";

const request = (url: string, host: string) =>
  ({ method: "GET", url, host, ip: "127.0.0.1", socket: { remotePort: 4711 } }) as FastifyRequest;

it("shows a long address and host by their beginnings", () => {
  const shown = describeRequest(request(`/${"a".repeat(15_000)}`, "h".repeat(15_000)));
  expect(shown.url).toBe(`/${"a".repeat(1_023)}…`);
  expect(shown.host).toHaveLength(1_025);
});

it("shows others as they are", () => {
  expect(describeRequest(request("/v1/jobs?limit=5", "localhost:8080"))).toEqual({
    method: "GET",
    url: "/v1/jobs?limit=5",
    host: "localhost:8080",
    remoteAddress: "127.0.0.1",
    remotePort: 4711,
  });
});
