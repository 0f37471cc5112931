import { createHash } from "node:crypto";
import { createModel, encodeModel } from "@drc/network";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { form, makeKey, problemOf, readyDataset, startApi, submitCompression, type TestApi } from "./support/api.ts";
import { someBytes, uploadBytes } from "./support/uploads.ts";

let api: TestApi;
let dataset: { datasetId: string; version: number };
beforeAll(async () => {
  api = await startApi();
  dataset = await readyDataset(api, 4, Array(3).fill({ width: 256, height: 256 }));
});
afterAll(() => api.stop());

describe("the limit of unfinished jobs", () => {
  const body = () => ({ kind: "evaluate", spec: { model: "bicubic", dataset } });

  it("holds for submissions at once, and names limit, use and remedy", async () => {
    const { key, id } = await makeKey(api, { name: "five", limits: { queuedJobs: 5 } });
    const submit = () => api.as(key).post("/v1/jobs", body());
    const answers = await Promise.all(Array.from({ length: 12 }, submit));
    const made = answers.filter(({ statusCode }) => statusCode === 202);
    expect(made).toHaveLength(5);
    for (const refused of answers.filter((answer) => !made.includes(answer))) {
      expect(problemOf(refused)).toMatchObject({ status: 429, code: "QUOTA_EXCEEDED", retryable: true });
      expect(problemOf(refused).detail).toBe(
        'The key "five" may have 5 unfinished jobs (queuedJobs). It has 5, and this would add 1. ' +
          "Wait until some have ended, cancel some, or have the limit raised.",
      );
    }
    expect(await api.services.database.job.count({ where: { apiKeyId: id } })).toBe(5);
    expect((await api.as(key).get("/v1/whoami")).json().usage.queuedJobs).toBe(5);
    expect((await api.post("/v1/jobs", body())).statusCode).toBe(202);
    await api.as(key).post(`/v1/jobs/${made[0].json().id}/cancel`);
    expect((await submit()).statusCode).toBe(202);
  });

  it("is for compressions, versions of datasets and retries as well, whole or not at all", async () => {
    const { key, id } = await makeKey(api, { limits: { queuedJobs: 3 } });
    const own: TestApi = { ...api, ...api.as(key) };
    const whole = await submitCompression(own, dataset);
    expect(problemOf(whole)).toMatchObject({ code: "QUOTA_EXCEEDED", detail: expect.stringContaining("Ask for less") });
    expect(await api.services.database.compression.count({ where: { apiKeyId: id } })).toBe(0);
    const [first] = await Promise.all([0, 1, 2].map(async () => (await own.post("/v1/jobs", body())).json()));
    const version = await own.post(`/v1/datasets/${dataset.datasetId}/versions`, { scale: 2 });
    expect(problemOf(version).code).toBe("QUOTA_EXCEEDED");
    expect((await api.get(`/v1/datasets/${dataset.datasetId}/versions`)).json().items).toHaveLength(1);
    await own.post(`/v1/jobs/${first.id}/cancel`);
    const retries = await Promise.all([0, 1].map(() => own.post(`/v1/jobs/${first.id}/retry`)));
    expect(retries.map(({ statusCode }) => statusCode).sort()).toEqual([202, 429]);
  });
});

describe("the limit of stored bytes", () => {
  const bytes = (length: number, fill: number) => Buffer.alloc(length, fill);
  const hashOf = (content: Buffer) => createHash("sha256").update(content).digest("hex");
  const upload = async (key: string, files: [string, Buffer][]) => {
    const { id } = (await api.post("/v1/datasets", { name: "of limits" })).json();
    const sent = form(files.map(([name, content]) => ({ name, bytes: content })));
    return api.as(key).send({ ...sent, url: `/v1/datasets/${id}/files` });
  };

  it("refuses what is more before it is stored, and counts equal bytes once", async () => {
    const { key } = await makeKey(api, { name: "small", limits: { storedBytes: 1000 } });
    expect((await upload(key, [["a.png", bytes(600, 1)]])).statusCode).toBe(201);
    const large = bytes(700, 2);
    const refused = await upload(key, [["b.png", large]]);
    expect(problemOf(refused)).toMatchObject({ status: 429, code: "QUOTA_EXCEEDED" });
    expect(problemOf(refused).detail).toContain('The key "small" may store 1000 bytes (storedBytes). It has 600,');
    expect(await api.services.store.has(hashOf(large))).toBe(false);
    const usage = async () => (await api.as(key).get("/v1/whoami")).json().usage.storedBytes;
    expect(await usage()).toBe(600);
    const twice = bytes(100, 3);
    const both: [string, Buffer][] = [
      ["c.png", twice],
      ["d.png", twice],
    ];
    expect((await upload(key, both)).statusCode).toBe(201);
    expect(await usage()).toBe(700);
    // Others may send what they like, and a key that is full nothing.
    expect((await upload(api.key, [["e.png", large]])).statusCode).toBe(201);
    expect((await upload(key, [["f.png", bytes(300, 4)]])).statusCode).toBe(201);
    expect(problemOf(await upload(key, [["g.png", bytes(1, 5)]])).detail).toContain("0 left");
  });

  it("holds for uploads at once", async () => {
    const { key } = await makeKey(api, { limits: { storedBytes: 1000 } });
    const answers = await Promise.all([10, 11, 12, 13].map((fill) => upload(key, [["a.png", bytes(400, fill)]])));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 201, 429, 429]);
    expect((await api.as(key).get("/v1/whoami")).json().usage.storedBytes).toBe(800);
  });

  it("is for uploads in parts as well, which use it up once", async () => {
    const content = someBytes(1000);
    const { key } = await makeKey(api, { limits: { storedBytes: content.length } });
    const own: TestApi = { ...api, ...api.as(key) };
    const { id } = await uploadBytes(own, content, "a.png");
    const more = { name: "b.png", sizeBytes: 1, sha256: hashOf(someBytes(1)) };
    expect(problemOf(await own.post("/v1/uploads", more)).code).toBe("QUOTA_EXCEEDED");
    const dataset = (await own.post("/v1/datasets", { name: "of uploads" })).json();
    const used = await own.post(`/v1/datasets/${dataset.id}/files`, { uploads: [{ uploadId: id, name: "a.png" }] });
    expect(used.statusCode).toBe(201);
    expect((await own.get("/v1/whoami")).json().usage.storedBytes).toBe(content.length);
  });

  it("is for models as well", async () => {
    const file = encodeModel(createModel({ scale: 4, blocks: 1, features: 4, seed: 3 }));
    const { key, id } = await makeKey(api, { limits: { storedBytes: file.length - 1 } });
    const send = () => api.as(key).send({ ...form([{ name: "m.safetensors", bytes: file }]), url: "/v1/models" });
    expect(problemOf(await send()).code).toBe("QUOTA_EXCEEDED");
    expect(await api.services.store.has(hashOf(Buffer.from(file)))).toBe(false);
    const limits = { storedBytes: file.length };
    await api.send({ method: "PATCH", url: `/v1/keys/${id}`, payload: { limits } });
    expect((await send()).statusCode).toBe(201);
  });
});
