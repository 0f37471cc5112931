/** The table of settings has every one that the programs take, with its default, and no other. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { settings as apiSettings } from "../apps/api/src/config.ts";
import { settings as workerSettings } from "../apps/worker/src/config.ts";

const text = readFileSync(new URL("../docs/operations.md", import.meta.url), "utf8");
const rows = [...text.matchAll(/^\| `([A-Z][A-Z0-9_]+)` +\| ([^|]*?) +\| ([^|]*?) +\|/gm)];

for (const [program, schema] of [
  ["API", apiSettings],
  ["worker", workerSettings],
] as const) {
  const mine = rows.filter(([, , of]) => of.split(", ").includes(program));

  it(`lists what the ${program} takes`, () => {
    expect(mine.map(([, name]) => name).sort()).toEqual(Object.keys(schema.shape).sort());
  });

  it(`names the defaults of the ${program}`, () => {
    for (const [, name, , given] of mine) {
      const [, documented] = /^`([^`]*)`$/.exec(given) ?? [];
      // What depends on the machine or on another setting is told in words.
      if (documented === undefined || documented === "S3_ENDPOINT" || name === "DRC_SLOTS") continue;
      const field = schema.shape[name as keyof typeof schema.shape] as { parse(value: unknown): unknown };
      expect([name, String(field.parse(undefined))]).toEqual([name, documented]);
    }
  });
}

it("says what each is, but for names that say it themselves", () => {
  const whole = [...text.matchAll(/^\| `([A-Z][A-Z0-9_]+)`.*\| ([^|]*?) +\|$/gm)];
  const silent = whole.filter(([, , meaning]) => meaning === "").map(([, name]) => name);
  expect(silent.sort()).toEqual(["S3_ACCESS_KEY", "S3_REGION", "S3_SECRET_KEY"]);
});
