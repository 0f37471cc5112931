import type { ModelResource, Page } from "@drc/contracts";
import { newId } from "@drc/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pointersOf, readyDataset, startApi, storedModel, type TestApi } from "./support/api.ts";

let api: TestApi;
let sweep: { id: string; name: string }[];
beforeAll(async () => {
  api = await startApi();
  sweep = [];
  for (const name of ["l1, 30 % removed", "Second order, 50 % removed", "second order, 70 % removed", "a_b"]) {
    const id = await storedModel(api);
    await api.services.database.model.update({ where: { id }, data: { name } });
    sweep.unshift({ id, name });
  }
});
afterAll(() => api.stop());

const found = async (search: string, more = ""): Promise<Page<ModelResource>> =>
  (await api.get(`/v1/models?search=${encodeURIComponent(search)}${more}`)).json();

describe("the list of models", () => {
  it("is searched by a part of the name, whatever the case, newest first and page after page", async () => {
    const first = await found("SECOND order", "&limit=1");
    expect(first.items.map(({ name }) => name)).toEqual(["second order, 70 % removed"]);
    const second = await found("SECOND order", `&limit=1&cursor=${first.nextCursor}`);
    expect(second.items.map(({ name }) => name)).toEqual(["Second order, 50 % removed"]);
    expect(second.nextCursor).toBeNull();
  });

  it("is searched by an identifier", async () => {
    expect((await found(sweep[0].id)).items.map(({ id }) => id)).toEqual([sweep[0].id]);
    expect((await found(newId("model"))).items).toEqual([]);
  });

  it("takes what Postgres calls wildcards as they stand", async () => {
    expect((await found("50 %")).items.map(({ name }) => name)).toEqual(["Second order, 50 % removed"]);
    expect((await found("a_")).items.map(({ name }) => name)).toEqual(["a_b"]);
    expect((await found("l_")).items).toEqual([]);
    expect((await found("\\")).items).toEqual([]);
  });

  it("refuses what no name has", async () => {
    expect(pointersOf(await api.get("/v1/models?search="))).toEqual(["/search"]);
    expect(pointersOf(await api.get("/v1/models?search=a%00"))).toEqual(["/search"]);
  });
});

it("leaves out models of last steps and before fine-tuning, and no upload", async () => {
  const { database } = api.services;
  const dataset = await readyDataset(api, 4, [{ width: 200, height: 200 }]);
  const ids: string[] = [];
  for (const [kind, role] of [
    ["prune", "best"],
    ["fine-tune", "last"],
    ["fine-tune", "best"],
    [null, "uploaded"],
  ]) {
    const id = await storedModel(api);
    ids.push(id);
    if (kind === null) continue;
    const spec = { model: "bicubic", dataset };
    const { id: originJobId } = (await api.post("/v1/jobs", { kind: "evaluate", spec })).json();
    await database.job.update({ where: { id: originJobId }, data: { kind: String(kind) } });
    await database.model.update({ where: { id }, data: { originJobId, role: String(role) } });
  }
  const all = (await api.get("/v1/models?limit=4")).json().items as ModelResource[];
  expect(all.map(({ id }) => id)).toEqual(ids.toReversed());
  const final = (await api.get("/v1/models?limit=2&stage=final")).json().items as ModelResource[];
  expect(final.map(({ id }) => id)).toEqual([ids[3], ids[2]]);
  expect(pointersOf(await api.get("/v1/models?stage=some"))).toEqual(["/stage"]);
});

it("leaves out datasets that were made to compare networks", async () => {
  await api.post("/v1/datasets", { name: "zebras" });
  await api.post("/v1/datasets", { name: "Compare: zebra.png" });
  const found = async (query: string) =>
    (await api.get(`/v1/datasets?search=zebra${query}`)).json().items.map(({ name }: { name: string }) => name);
  expect(await found("")).toEqual(["Compare: zebra.png", "zebras"]);
  expect(await found("&comparisons=without")).toEqual(["zebras"]);
});

it("searches datasets in the same way", async () => {
  const { id } = (await api.post("/v1/datasets", { name: "Set5 and Set14" })).json();
  await api.post("/v1/datasets", { name: "photographs" });
  for (const search of ["set14", id]) {
    const { items } = (await api.get(`/v1/datasets?search=${search}`)).json();
    expect(items.map(({ name }: { name: string }) => name)).toEqual(["Set5 and Set14"]);
  }
});

it("searches compressions and sweeps in the same way, in any state", async () => {
  const dataset = await readyDataset(api, 4, [
    { width: 200, height: 200 },
    { width: 200, height: 200 },
  ]);
  const common = { model: { modelId: sweep[0].id }, dataset, fineTune: { patchSize: 12 } };
  const budget = { of: "parameters", remove: 0.3 };
  const grid = { budgets: [budget], methods: ["l1"] };
  for (const [path, more] of [
    ["/v1/compressions", { budget }],
    ["/v1/sweeps", { grid, evaluation: { dataset } }],
  ] as const) {
    const made = await api.post(path, { ...common, ...more, name: "Half of it, 50 %" });
    const other = await api.post(path, { ...common, ...more, name: "another" });
    expect([made.statusCode, other.statusCode, made.body]).toEqual([202, 202, made.body]);
    const { id } = made.json();
    for (const query of ["search=half%20OF", "search=50%20%25", `search=${id}`, "search=half&state=running"]) {
      const { items } = (await api.get(`${path}?${query}`)).json();
      expect([query, items.map((one: { id: string }) => one.id)]).toEqual([query, [id]]);
    }
    for (const query of ["search=half_of", "search=half&state=failed", `search=${id}&state=failed`]) {
      expect((await api.get(`${path}?${query}`)).json().items).toEqual([]);
    }
  }
});
