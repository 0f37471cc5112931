import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { form, problemOf, readyDataset, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const post = (url: string, key: string, payload?: object) =>
  api.send({ method: "POST", url, headers: { "idempotency-key": key }, ...(payload ? { payload } : {}) });

describe("Idempotency-Key (field case 46)", () => {
  it("answers the same request again, and creates nothing", async () => {
    const first = await post("/v1/datasets", "first", { name: "photographs" });
    const again = await post("/v1/datasets", "first", { name: "photographs" });
    expect(first.statusCode).toBe(201);
    expect(first.headers["idempotent-replayed"]).toBeUndefined();
    expect(again.statusCode).toBe(201);
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect(again.headers.location).toBe(first.headers.location);
    expect(again.json()).toEqual(first.json());
    expect(await api.services.database.dataset.count({ where: { name: "photographs" } })).toBe(1);
  });

  it("refuses another body, or another route, under a key that was used", async () => {
    await post("/v1/datasets", "used", { name: "one" });
    const other = await post("/v1/datasets", "used", { name: "two" });
    expect(problemOf(other)).toMatchObject({ status: 422, code: "IDEMPOTENCY_KEY_REUSED" });
    expect(problemOf(other).detail).toContain("used");
    const dataset = await readyDataset(api, 4, [{ width: 64, height: 64 }]);
    const body = { kind: "evaluate", spec: { model: "bicubic", dataset } };
    expect(problemOf(await post("/v1/jobs", "used", body)).code).toBe("IDEMPOTENCY_KEY_REUSED");
  });

  it("makes one job of twenty requests at once", async () => {
    const dataset = await readyDataset(api, 4, [{ width: 64, height: 64 }]);
    const body = { kind: "evaluate", name: "twenty", spec: { model: "bicubic", dataset } };
    const answers = await Promise.all(Array.from({ length: 20 }, () => post("/v1/jobs", "twenty", body)));
    expect(answers.map((answer) => answer.statusCode)).toEqual(Array(20).fill(202));
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers["idempotent-replayed"] === undefined)).toHaveLength(1);
    expect(await api.services.database.job.count({ where: { name: "twenty" } })).toBe(1);
  });

  it("forgets a request that was refused, so that its key can be used again", async () => {
    const wrong = {
      kind: "evaluate",
      spec: { model: "bicubic", dataset: { datasetId: `ds_${"0".repeat(20)}`, version: 1 } },
    };
    expect((await post("/v1/jobs", "mended", wrong)).statusCode).toBe(422);
    const dataset = await readyDataset(api, 4, [{ width: 64, height: 64 }]);
    expect(
      (await post("/v1/jobs", "mended", { kind: "evaluate", spec: { model: "bicubic", dataset } })).statusCode,
    ).toBe(202);
  });

  it("makes a new one where the key has expired", async () => {
    const first = await post("/v1/datasets", "expired", { name: "expired" });
    await api.services.database.idempotencyKey.updateMany({
      where: { key: "expired" },
      data: { expiresAt: new Date(Date.now() - 1_000) },
    });
    const second = await post("/v1/datasets", "expired", { name: "another" });
    expect(second.statusCode).toBe(201);
    expect(second.json().id).not.toBe(first.json().id);
  });

  it("knows uploads by their content", async () => {
    const { id } = (await api.post("/v1/datasets", { name: "uploads" })).json();
    const upload = (content: string) => {
      const { headers, ...rest } = form([{ name: "a.png", bytes: Buffer.from(content) }]);
      return api.send({
        ...rest,
        url: `/v1/datasets/${id}/files`,
        headers: { ...headers, "idempotency-key": "upload" },
      });
    };
    const first = await upload("one");
    expect(first.statusCode).toBe(201);
    expect((await upload("one")).json()).toEqual(first.json());
    expect(problemOf(await upload("two")).code).toBe("IDEMPOTENCY_KEY_REUSED");
  });

  it("retries a job once", async () => {
    const dataset = await readyDataset(api, 4, [{ width: 64, height: 64 }]);
    const job = (await api.post("/v1/jobs", { kind: "evaluate", spec: { model: "bicubic", dataset } })).json();
    await api.post(`/v1/jobs/${job.id}/cancel`);
    const [one, two] = await Promise.all([0, 1].map(() => post(`/v1/jobs/${job.id}/retry`, "retry")));
    expect(one.json().id).toBe(two.json().id);
    expect(await api.services.database.job.count({ where: { retryOf: job.id } })).toBe(1);
  });

  it("is taken by every POST but those that make nothing, and are harmless to repeat", async () => {
    interface Operation {
      parameters?: { name: string }[];
    }
    const { paths } = (await api.get("/openapi.json")).json<{ paths: Record<string, { post?: Operation }> }>();
    const without = Object.entries(paths).filter(
      ([, { post }]) => post && !post.parameters?.some(({ name }) => name === "idempotency-key"),
    );
    const verbs = ["jobs/{jobId}", "compressions/{compressionId}", "sweeps/{sweepId}"].flatMap((one) =>
      ["cancel", "pause", "resume"].map((verb) => `/v1/${one}/${verb}`),
    );
    expect(without.map(([path]) => path).sort()).toEqual(
      [...verbs, "/v1/maintenance/collect", "/v1/session", "/v1/uploads/{uploadId}/complete"].sort(),
    );
  });

  it("names a key that is not valid", async () => {
    const refused = problemOf(await post("/v1/datasets", "with blank", { name: "x" }));
    expect(refused).toMatchObject({ status: 400, code: "MALFORMED_REQUEST" });
    expect(refused.detail).toContain("Idempotency-Key");
  });
});
