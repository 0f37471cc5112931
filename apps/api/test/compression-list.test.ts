import type { CompressionDetailResource, CompressionResource, Page } from "@drc/contracts";
import { DrcClient } from "@drc/sdk";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pointersOf, readyDataset, startApi, storedModel, type TestApi } from "./support/api.ts";

const STATES = ["running", "paused", "succeeded", "failed", "cancelled"] as const;

let api: TestApi;
let dataset: Awaited<ReturnType<typeof readyDataset>>;
let modelId: string;
/** Two of each state, the newer one first. */
const byState = new Map<string, string[]>();

beforeAll(async () => {
  api = await startApi();
  dataset = await readyDataset(api, 4, [
    { width: 200, height: 200 },
    { width: 200, height: 200 },
  ]);
  modelId = await storedModel(api, { scale: 4, blocks: 1, features: 8 });
  for (const round of ["old", "new"]) {
    for (const state of STATES) {
      const { id, stages } = await create(["all", `of=${round}`]);
      await bringTo(state, id, stages);
      byState.set(state, [id, ...(byState.get(state) ?? [])]);
    }
  }
});
afterAll(() => api.stop());

async function create(labels: string[]): Promise<CompressionDetailResource> {
  const budget = { of: "parameters", remove: 0.3 };
  return (await api.post("/v1/compressions", { dataset, model: { modelId }, budget, labels })).json();
}

/** As if workers had done that; each has a failed job that was retried, which decides nothing. */
async function bringTo(
  state: (typeof STATES)[number],
  id: string,
  stages: CompressionDetailResource["stages"],
): Promise<void> {
  const { database } = api.services;
  const jobs = { compressionId: id };
  await database.job.updateMany({ where: { id: stages.search }, data: { state: "failed" } });
  const retried = (await api.post(`/v1/compressions/${id}/retry`)).json<CompressionDetailResource>();
  const current = retried.stages.search;
  switch (state) {
    case "running":
      break;
    case "paused":
      await api.post(`/v1/compressions/${id}/pause`);
      break;
    case "succeeded":
      await database.job.updateMany({ where: jobs, data: { state: "succeeded" } });
      await database.job.updateMany({ where: { id: stages.search }, data: { state: "failed" } });
      break;
    case "failed":
      await database.job.updateMany({ where: { id: current }, data: { state: "failed" } });
      break;
    case "cancelled":
      await api.post(`/v1/compressions/${id}/cancel`);
      break;
  }
}

const list = async (query: string) => (await api.get(`/v1/compressions?${query}`)).json<Page<CompressionResource>>();
const idsOf = ({ items }: Page<CompressionResource>) => items.map(({ id }) => id);

it.each(STATES)("finds those that are %s, and pages through them", async (state) => {
  const page = await list(`state=${state}`);
  expect(idsOf(page)).toEqual(byState.get(state));
  expect(page.items.map((item) => item.state)).toEqual([state, state]);
  expect(page.nextCursor).toBeNull();
  const first = await list(`state=${state}&limit=1`);
  const second = await list(`state=${state}&limit=1&cursor=${first.nextCursor}`);
  expect([...idsOf(first), ...idsOf(second)]).toEqual(byState.get(state));
  expect(second.nextCursor).toBeNull();
});

it("finds by state, label and time together, with an ETag and through the client", async () => {
  const [newer, older] = byState.get("failed") ?? [];
  expect(idsOf(await list("state=failed&label=of=old"))).toEqual([older]);
  expect(idsOf(await list("state=failed&label=none"))).toEqual([]);
  const { createdAt } = (await api.get(`/v1/compressions/${newer}`)).json<CompressionResource>();
  expect(idsOf(await list(`state=failed&createdAfter=${createdAt}`))).toEqual([newer]);
  expect(idsOf(await list(`state=failed&createdBefore=${createdAt}`))).toEqual([older]);
  expect(idsOf(await list(`createdBefore=${createdAt}&limit=1`))).toEqual([byState.get("succeeded")?.[0]]);
  expect(idsOf(await list(`label=of=new&createdAfter=${createdAt}`))).toEqual([byState.get("cancelled")?.[0], newer]);
  const { etag } = (await api.get("/v1/compressions?state=failed")).headers;
  const again = await api.send({ url: "/v1/compressions?state=failed", headers: { "if-none-match": String(etag) } });
  expect(again.statusCode).toBe(304);

  const url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  const found: string[] = [];
  const client = new DrcClient({ url, key: api.key });
  for await (const { id } of client.compressions.list({ state: "paused", label: "all" })) found.push(id);
  expect(found).toEqual(byState.get("paused"));
});

it("names a state or a time that is none", async () => {
  expect(pointersOf(await api.get("/v1/compressions?state=queued&createdAfter=yesterday"))).toEqual([
    "/createdAfter",
    "/state",
  ]);
});
