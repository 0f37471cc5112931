import { afterAll, beforeAll, expect, it } from "vitest";
import { startApi, storedModel, type TestApi } from "./support/api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

it("tells a client that has the answer already that nothing has changed", async () => {
  await api.post("/v1/datasets", { name: "one" });
  const url = "/v1/datasets";
  const first = await api.get(url);
  const tag = String(first.headers.etag);
  expect(tag).toMatch(/^W\/"[\w-]{27}"$/);
  expect(first.headers["cache-control"]).toBe("private, no-cache");
  for (const known of [tag, tag.slice(2), `"other", ${tag}`, "*"]) {
    const again = await api.send({ url, headers: { "if-none-match": known } });
    expect(again.statusCode, known).toBe(304);
    expect(again.body).toBe("");
    expect(again.headers.etag).toBe(tag);
    expect(again.headers["content-type"]).toBeUndefined();
  }
  expect((await api.send({ method: "HEAD", url, headers: { "if-none-match": tag } })).statusCode).toBe(304);

  await api.post("/v1/datasets", { name: "two" });
  const changed = await api.send({ url, headers: { "if-none-match": tag } });
  expect(changed.statusCode).toBe(200);
  expect(changed.headers.etag).not.toBe(tag);
});

it("tags neither errors nor files", async () => {
  expect((await api.get("/v1/datasets/ds_00000000000000000000")).headers.etag).toBeUndefined();
  const download = await api.get(`/v1/models/${await storedModel(api)}/download`);
  expect(download.statusCode).toBe(200);
  expect(download.headers.etag).toBeUndefined();
});
