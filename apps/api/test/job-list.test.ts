import type { JobResource, Page } from "@drc/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pointersOf, readyDataset, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;

/** The first that is created ends last, and one has not ended. */
beforeAll(async () => {
  api = await startApi();
  const dataset = await readyDataset(api, 4, [{ width: 200, height: 200 }]);
  for (const [name, endedAt] of [
    ["long", "2026-01-01T05:00:00Z"],
    ["short", "2026-01-01T01:00:00Z"],
    ["at the same moment", "2026-01-01T01:00:00Z"],
    ["failed", "2026-01-01T03:00:00Z"],
    ["waits", null],
  ] as const) {
    const body = { kind: "evaluate", name, labels: [name.slice(0, 1)], spec: { model: "bicubic", dataset } };
    const { id } = (await api.post("/v1/jobs", body)).json();
    if (endedAt === null) continue;
    const state = name === "failed" ? name : "succeeded";
    await api.services.database.job.update({ where: { id }, data: { state, endedAt } });
  }
});
afterAll(() => api.stop());

async function list(query: string): Promise<Page<JobResource> & { names: (string | null)[] }> {
  const page = (await api.get(`/v1/jobs?${query}`)).json<Page<JobResource>>();
  return { ...page, names: page.items.map(({ name }) => name).filter((name) => name !== null) };
}

it("sorts jobs by their end, without those that have not ended", async () => {
  const { names } = await list("sort=ended&kind=evaluate");
  expect([names[0], names[1], names.slice(2).sort()]).toEqual(["long", "failed", ["at the same moment", "short"]]);
  expect((await list("sort=ended&kind=evaluate&order=oldest")).names).toEqual(names.toReversed());
  expect((await list("sort=ended&state=failed")).names).toEqual(["failed"]);
  expect((await list("sort=ended&label=s")).names).toEqual(["short"]);
});

it("pages through them, each once", async () => {
  for (const order of ["newest", "oldest"]) {
    const whole = (await list(`sort=ended&kind=evaluate&order=${order}`)).names;
    const names: (string | null)[] = [];
    let cursor = "";
    do {
      const page = await list(`sort=ended&kind=evaluate&order=${order}&limit=1${cursor}`);
      names.push(...page.names);
      cursor = page.nextCursor === null ? "" : `&cursor=${page.nextCursor}`;
    } while (cursor !== "");
    expect(names).toEqual(whole);
  }
});

it("finds those that ended within a span", async () => {
  const span = "endedAfter=2026-01-01T01:00:00Z&endedBefore=2026-01-01T05:00:00Z";
  expect((await list(`${span}&kind=evaluate`)).names).toEqual(["failed", "at the same moment", "short"]);
  expect((await list(`${span}&label=f`)).names).toEqual(["failed"]);
  expect(pointersOf(await api.get("/v1/jobs?sort=length"))).toEqual(["/sort"]);
  expect(pointersOf(await api.get("/v1/jobs?endedAfter=yesterday"))).toEqual(["/endedAfter"]);
});
