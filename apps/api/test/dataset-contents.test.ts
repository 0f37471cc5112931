import type { DatasetFileItem, DatasetImage, DatasetImageResource, DatasetUsageResource } from "@drc/contracts";
import { decodeImage, encodePng } from "@drc/imaging";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photograph } from "../../../test/photographs.ts";
import { form, problemOf, readyDataset, startApi, storedModel, type TestApi } from "./support/api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

it("lists the files by name, page after page, and removes one of them", async () => {
  const { id } = (await api.post("/v1/datasets", { name: "files" })).json();
  const long = `folder/${"ü".repeat(115)} %2F.png`;
  const names = ["HR/b.png", "a.png", long];
  const files = names.map((name) => ({ name, bytes: Buffer.from(name) }));
  expect((await api.send({ url: `/v1/datasets/${id}/files`, ...form(files) })).statusCode).toBe(201);
  const list = async (query = "") => (await api.get(`/v1/datasets/${id}/files${query}`)).json();
  const found: DatasetFileItem[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: { items: DatasetFileItem[]; nextCursor: string | null } = await list(
      `?limit=2${cursor && `&cursor=${cursor}`}`,
    );
    found.push(...page.items);
    cursor = page.nextCursor;
  }
  expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
  expect(found.find(({ name }) => name === "a.png")).toMatchObject({ sizeBytes: 5 });
  const version = await api.post(`/v1/datasets/${id}/versions`, { scale: 4 });
  const one = `/v1/datasets/${id}/files/${encodeURIComponent(long)}`;
  expect((await api.remove(one)).statusCode).toBe(204);
  expect(problemOf(await api.remove(one)).detail).toMatch(/has no file folder/);
  expect((await list()).items.map(({ name }: DatasetFileItem) => name).sort()).toEqual(["HR/b.png", "a.png"]);
  // The version was made of all of them.
  const { files: kept } = await api.services.database.datasetVersion.findFirstOrThrow({ where: { datasetId: id } });
  expect(kept).toHaveLength(3);
  expect(version.statusCode).toBe(202);
});

it("gives the images of a version, as they are and small, to whoever may read", async () => {
  const hr = await api.services.store.put(await encodePng(photograph(1, 96, 64)));
  const lr = await api.services.store.put(await encodePng(photograph(2, 24, 16)));
  const { datasetId } = await readyDataset(api, 4, [{ width: 96, height: 64 }]);
  const images: DatasetImage[] = [
    { name: "first.png", width: 96, height: 64, hr, lrs: [lr] },
    { name: "folder/second.png", width: 96, height: 64, lrs: [lr] },
  ];
  await api.services.database.datasetVersion.updateMany({
    where: { datasetId },
    data: { images: JSON.parse(JSON.stringify(images)) },
  });
  const url = `/v1/datasets/${datasetId}/versions/1/images`;
  const listed = (await api.get(url)).json<{ items: DatasetImageResource[] }>().items;
  expect(listed).toEqual([
    { number: 1, name: "first.png", width: 96, height: 64, hr: true },
    { number: 2, name: "folder/second.png", width: 96, height: 64, hr: false },
  ]);
  expect((await api.get(`${url}?after=1&limit=1`)).json().items).toEqual([listed[1]]);
  const sizeOf = async (query: string) => {
    const answer = await api.get(`${url}/1${query}`);
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "image/png"]);
    const { width, height } = (await decodeImage(answer.rawPayload)).image;
    return [width, height];
  };
  expect(await sizeOf("")).toEqual([96, 64]);
  expect(await sizeOf("?size=lr")).toEqual([24, 16]);
  expect(await sizeOf("?side=48")).toEqual([48, 32]);
  const { headers } = await api.get(`${url}/1?side=48`);
  expect(headers["cache-control"]).toMatch(/^private/);
  expect(problemOf(await api.get(`${url}/2`)).detail).toMatch(/folder\/second\.png has no HR image/);
  expect((await api.get(`${url}/2?size=lr`)).statusCode).toBe(200);
  expect(problemOf(await api.get(`${url}/3`)).status).toBe(404);
  expect(problemOf(await api.get(`/v1/datasets/${datasetId}/versions/2/images`)).status).toBe(404);
  expect(problemOf(await api.get(`${url}/1?side=5000`)).status).toBe(422);
});

it("says which jobs read a dataset, and which versions of it", async () => {
  const dataset = await readyDataset(api, 4, [{ width: 96, height: 96 }]);
  const other = await readyDataset(api, 4, [{ width: 96, height: 96 }]);
  const model = { modelId: await storedModel(api) };
  const submit = async (given: object) =>
    (await api.post("/v1/jobs", { kind: "evaluate", spec: { model, ...given } })).json<{ id: string }>().id;
  const first = await submit({ dataset });
  await submit({ dataset: other });
  const second = await submit({ dataset, keepImages: true });
  const { jobs } = (await api.get(`/v1/datasets/${dataset.datasetId}/usage`)).json<DatasetUsageResource>();
  expect(jobs.map(({ id }) => id)).toEqual([second, first]);
  expect(jobs[0]).toMatchObject({ kind: "evaluate", state: "queued", versions: [1], compressionId: null });
});
