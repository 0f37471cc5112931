/** The compose file starts the programs with settings that they know and accept. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { readConfig as readApiConfig } from "../apps/api/src/config.ts";
import { readConfig as readWorkerConfig } from "../apps/worker/src/config.ts";

interface Service {
  image: string;
  environment: Record<string, string>;
  ports?: string[];
}

const root = new URL("../", import.meta.url);
const compose = readFileSync(new URL("docker-compose.yml", root), "utf8");
const { services } = parse(compose, { merge: true }) as {
  services: Record<string, Service>;
};

/** As compose fills them in: `${NAME:-default}` its default, `${NAME:?…}` a secret. */
function environmentOf(service: string): Record<string, string> {
  const filled = Object.entries(services[service].environment).map(([name, value]) => [
    name,
    value.replace(/\$\{\w+:-([^}]*)\}/g, "$1").replace(/\$\{\w+:\?[^}]*\}/g, "secret"),
  ]);
  return Object.fromEntries(filled);
}

const programs = [
  ["api", "api", readApiConfig],
  ["worker", "worker", readWorkerConfig],
  ["worker-gpu", "worker", readWorkerConfig],
] as const;

for (const [service, app, readConfig] of programs) {
  it(`${service} gets settings that it knows and accepts`, () => {
    const environment = environmentOf(service);
    expect(() => readConfig(environment)).not.toThrow();
    const known = readFileSync(new URL(`apps/${app}/src/config.ts`, root), "utf8");
    for (const name of Object.keys(environment)) expect(known).toMatch(new RegExp(`^  ${name}: `, "m"));
  });
}

it("publishes nothing but the API, on loopback", () => {
  const published = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(published).toEqual(["127.0.0.1:8080:8080"]);
});

it("has no secret but from .env, which goes neither into the repository nor into the image", () => {
  for (const name of ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"]) {
    const uses = compose.match(new RegExp(`\\$\\{${name}[^}]*\\}`, "g")) ?? [];
    expect(uses.length).toBeGreaterThan(0);
    for (const use of uses) expect(use).toBe(`\${${name}:?set it in .env}`);
  }
  for (const file of [".gitignore", ".dockerignore"]) {
    expect(readFileSync(new URL(file, root), "utf8").split("\n")).toContain(".env");
  }
});

it("names a version of each image that others make", () => {
  const tags = Object.values(services).map(({ image }) => image.split(":")[1]);
  for (const tag of tags) expect(tag).toMatch(/^(cpu|gpu|v?\d+(\.\d+)*(-[a-z]+)?)$/);
});
