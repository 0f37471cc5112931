import type { ModelResource, Page } from "@drc/contracts";
import { newId } from "@drc/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pointersOf, startApi, storedModel, type TestApi } from "./support/api.ts";

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

it("searches datasets in the same way", async () => {
  const { id } = (await api.post("/v1/datasets", { name: "Set5 and Set14" })).json();
  await api.post("/v1/datasets", { name: "photographs" });
  for (const search of ["set14", id]) {
    const { items } = (await api.get(`/v1/datasets?search=${search}`)).json();
    expect(items.map(({ name }: { name: string }) => name)).toEqual(["Set5 and Set14"]);
  }
});
