import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type BackendResource, type JobDetailResource, newId, type ReadinessResource } from "@drc/contracts";
import {
  claimJob,
  connectDatabase,
  endAttempt,
  recordLogs,
  recordMetrics,
  registerWorker,
  unregisterWorker,
  WORKER_SILENCE_MS,
  workerHeartbeat,
} from "@drc/database";
import {
  createModel,
  decodeModel,
  encodeModel,
  findNode,
  type NetworkConfiguration,
  writeSafetensors,
} from "@drc/network";
import { BlobStore } from "@drc/storage";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../src/app.ts";
import { form, pointersOf, problemOf, readyDataset, startApi, storedModel, type TestApi } from "./support/api.ts";
import { checkAnswers } from "./support/check-answer.ts";

let api: TestApi;
let dataset: { datasetId: string; version: number };

beforeAll(async () => {
  api = await startApi();
  dataset = await readyDataset(api, 4, [
    { width: 200, height: 200 },
    { width: 200, height: 200 },
  ]);
});
afterAll(() => api.stop());

async function newJob(): Promise<JobDetailResource> {
  return (await api.post("/v1/jobs", { kind: "evaluate", spec: { model: "bicubic", dataset } })).json();
}

describe("authentication", () => {
  it.each([undefined, "Bearer drc_wrong", "Basic abc", "drc_x"])("refuses %s", async (authorization) => {
    const headers = authorization ? { authorization } : {};
    const response = await api.app.inject({ method: "GET", url: "/v1/jobs", headers });
    expect(problemOf(response)).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(response.headers["www-authenticate"]).toBe("Bearer");
  });

  it("keeps no key in the database", async () => {
    const [row] = await api.services.database.apiKey.findMany();
    expect(JSON.stringify(row)).not.toContain(api.key.slice(4));
  });

  it("lets everybody ask for health", async () => {
    expect((await api.app.inject({ method: "GET", url: "/healthz" })).statusCode).toBe(200);
  });
});

describe("problem details", () => {
  it("name the request in every error", async () => {
    const problem = problemOf(await api.get("/v1/nowhere"));
    expect(problem).toMatchObject({ status: 404, code: "NOT_FOUND", type: "urn:drc:problem:not-found" });
    expect(problem.requestId).toBeTruthy();
  });

  it("name the methods that an address takes", async () => {
    const answer = await api.app.inject({ method: "PUT", url: `/v1/jobs/${newId("job")}?limit=1` });
    expect(problemOf(answer)).toMatchObject({ status: 405, code: "METHOD_NOT_ALLOWED" });
    expect(answer.headers.allow).toBe("DELETE, GET, HEAD, PATCH");
  });

  it("name methods for a slash at the end, and none for an address with an empty part", async () => {
    const answer = await api.send({ method: "PUT", url: "/v1/datasets/?limit=1" });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, "GET, HEAD, POST"]);
    for (const url of ["/v1//datasets", "//v1/datasets", "/v1/jobs//cancel"]) {
      const nothing = await api.get(url);
      expect(problemOf(nothing)).toMatchObject({ status: 404, code: "NOT_FOUND" });
      expect(nothing.headers.allow).toBeUndefined();
    }
  });

  it.each([
    ["a broken body", { payload: "{", headers: { "content-type": "application/json" } }, 400],
    ["another content type", { payload: "<a/>", headers: { "content-type": "text/xml" } }, 415],
    [
      "a huge body",
      { payload: JSON.stringify({ name: "x".repeat(2_000_000) }), headers: { "content-type": "application/json" } },
      413,
    ],
    ["no body", {}, 422],
  ])("%s", async (_what, options, status) => {
    expect(problemOf(await api.send({ method: "POST", url: "/v1/datasets", ...options }))).toMatchObject({ status });
  });

  it("a database that does not answer", async () => {
    const database = connectDatabase("postgresql://nobody@127.0.0.1:1/none");
    const app = await buildApp(
      { ...api.services, database, device: "cpu", webhooks: api.webhooks },
      pino({ level: "silent" }),
    );
    checkAnswers(app);
    const response = await app.inject({ url: "/v1/jobs", headers: { authorization: `Bearer ${api.key}` } });
    expect(problemOf(response)).toMatchObject({ status: 503, code: "NOT_READY", retryable: true });
    await app.close();
  });

  it("unknown query parameters and cursors", async () => {
    expect(pointersOf(await api.get("/v1/jobs?stat=queued"))).toEqual(["/stat"]);
    expect(pointersOf(await api.get("/v1/jobs?cursor=abc"))).toEqual(["/cursor"]);
    expect(pointersOf(await api.get("/v1/jobs?limit=1000"))).toEqual(["/limit"]);
  });

  it("things that are not there", async () => {
    for (const url of [
      "/v1/jobs/job_x",
      `/v1/jobs/${newId("job")}`,
      `/v1/models/${newId("model")}`,
      `/v1/datasets/${newId("dataset")}`,
    ]) {
      expect(problemOf(await api.get(url))).toMatchObject({ status: 404 });
    }
  });
});

describe("lists", () => {
  it("are read page by page, newest first, without gap or double", async () => {
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push((await newJob()).id);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: { items: { id: string }[]; nextCursor: string | null } = (
        await api.get(`/v1/jobs?kind=evaluate&limit=2${cursor ? `&cursor=${cursor}` : ""}`)
      ).json();
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    }
    expect(seen.slice(0, 5)).toEqual(ids.reverse());
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("of jobs are read from the oldest on as well, those of a label too", async () => {
    const label = "in-order";
    for (let i = 0; i < 3; i++) {
      const job = await newJob();
      expect(
        (await api.send({ method: "PATCH", url: `/v1/jobs/${job.id}`, payload: { labels: [label] } })).statusCode,
      ).toBe(200);
    }
    for (const filter of ["kind=evaluate", `label=${label}`]) {
      const read = async (order: string) => {
        const seen: string[] = [];
        for (let cursor: string | null = ""; cursor !== null; ) {
          const more: string = cursor && `&cursor=${cursor}`;
          const page: { items: { id: string }[]; nextCursor: string | null } = (
            await api.get(`/v1/jobs?${filter}&order=${order}&limit=2${more}`)
          ).json();
          seen.push(...page.items.map(({ id }) => id));
          cursor = page.nextCursor;
        }
        return seen;
      };
      const oldest = await read("oldest");
      expect(oldest.length).toBeGreaterThanOrEqual(3);
      expect(oldest).toEqual((await read("newest")).reverse());
    }
  });

  it("are filtered by state and kind", async () => {
    const { items } = (await api.get("/v1/jobs?state=succeeded&kind=ingest")).json();
    expect(items.length).toBeGreaterThan(0);
    for (const item of items) expect(item).toMatchObject({ state: "succeeded", kind: "ingest" });
  });
});

describe("a job", () => {
  it("can be cancelled, paused, resumed and retried as its state allows", async () => {
    const { id } = await newJob();
    const act = (action: string) => api.post(`/v1/jobs/${id}/${action}`);
    expect((await act("pause")).json()).toMatchObject({ state: "paused" });
    expect((await act("resume")).json()).toMatchObject({ state: "queued" });
    expect(problemOf(await act("retry"))).toMatchObject({ status: 409 });
    expect((await act("cancel")).json()).toMatchObject({ state: "cancelled" });
    expect((await act("cancel")).json()).toMatchObject({ state: "cancelled" });
    const retried = (await act("retry")).json();
    expect(retried).toMatchObject({ state: "queued", retryOf: id });
    expect(problemOf(await api.post(`/v1/jobs/${newId("job")}/cancel`))).toMatchObject({ status: 404 });
  });

  it("shows events, metrics, log lines and artifacts", async () => {
    const { database, store } = api.services;
    const { id } = await newJob();
    const claimed = await claimJob(database, { jobId: id, dispatchNumber: 1, workerId: "w", device: "cpu 0" });
    const lease = { jobId: id, leaseToken: claimed?.leaseToken ?? "" };
    await recordLogs(database, lease, ["one", "two", "three"]);
    await recordMetrics(database, lease, [{ stage: "evaluate", step: 1, values: { psnr: 30.5, other: null } }]);
    const image = await store.put(Buffer.from("an image"));
    await endAttempt(database, lease, {
      type: "succeeded",
      result: { images: [], mean: { psnr: 30.5, ssim: 0.9 }, protocol: { border: 4 } },
      products: { artifacts: [{ ...image, name: "bild ü.png", contentType: "image/png" }] },
    });
    const events = (await api.get(`/v1/jobs/${id}/events`)).json().items;
    expect(events.map((event: { type: string }) => event.type)).toEqual(["job.queued", "job.running", "job.succeeded"]);
    expect((await api.get(`/v1/jobs/${id}/events?after=2`)).json().items).toHaveLength(1);
    const logs = (await api.get(`/v1/jobs/${id}/logs?after=1&limit=1`)).json().items;
    expect(logs).toMatchObject([{ number: 2, line: "two" }]);
    const metrics = (await api.get(`/v1/jobs/${id}/metrics`)).json().items;
    expect(metrics).toMatchObject([{ number: 1, step: 1, values: { psnr: 30.5, other: null } }]);
    const detail = (await api.get(`/v1/jobs/${id}`)).json();
    expect(detail).toMatchObject({
      state: "succeeded",
      result: { mean: { psnr: 30.5 } },
      error: null,
      attemptHistory: [{ number: 1, device: "cpu 0", outcome: "succeeded" }],
      artifacts: [{ name: "bild ü.png", contentType: "image/png", sizeBytes: 8 }],
    });
    const artifact = await api.get(`/v1/jobs/${id}/artifacts/${encodeURIComponent("bild ü.png")}`);
    expect(artifact.body).toBe("an image");
    expect(artifact.headers["content-type"]).toBe("image/png");
    expect(problemOf(await api.get(`/v1/jobs/${id}/artifacts/none`))).toMatchObject({ status: 404 });
  });
});

describe("models", () => {
  const small = { scale: 4, blocks: 1, features: 4 } as const;

  function upload(bytes: Uint8Array, fields: Record<string, string> = {}) {
    return api.send({ url: "/v1/models", ...form([{ name: "net.safetensors", bytes }], fields) });
  }

  /** As PyTorch names the tensors: no graph in the file. */
  function pytorchFile(configuration: NetworkConfiguration): Uint8Array {
    const { primal } = createModel({ ...configuration, seed: 3 });
    return writeSafetensors(
      new Map([...primal.weights].map(([name, { shape, data }]) => [name, { dtype: "F32", shape, data }])),
      {},
    );
  }

  it("come back as they were sent", async () => {
    const model = createModel({ ...small, seed: 2 });
    const response = await upload(encodeModel(model), { name: "mine" });
    expect(response.statusCode).toBe(201);
    const created = response.json();
    expect(created).toMatchObject({ name: "mine", scale: 4, dualNetworks: 2, originJobId: null, role: "uploaded" });
    const download = await api.get(`/v1/models/${created.id}/download`);
    expect(download.headers["content-length"]).toBe(String(created.sizeBytes));
    expect(decodeModel(download.rawPayload)).toEqual(model);
    expect((await api.get("/v1/models")).json().items[0]).toEqual(created);
  });

  it("with PyTorch's names become ours", async () => {
    const response = await upload(pytorchFile(small));
    expect(response.json()).toMatchObject({ name: "net", scale: 4, dualNetworks: 0 });
    const download = await api.get(`/v1/models/${response.json().id}/download`);
    expect(decodeModel(download.rawPayload).primal.graph.outputs).toHaveLength(3);
  });

  it.each<NetworkConfiguration>([
    { architecture: "rfdn", scale: 4, blocks: 1, features: 8 },
    { architecture: "edsr", scale: 3, blocks: 1, features: 4, residualScale: 1 },
    { architecture: "rcan", scale: 2, groups: 1, blocks: 1, features: 4, reduction: 2 },
  ])("with PyTorch's names of $architecture become ours", async (configuration) => {
    const response = await upload(pytorchFile(configuration));
    expect(response.statusCode).toBe(201);
    const { id, ...created } = response.json();
    expect(created).toMatchObject({ scale: configuration.scale, dualNetworks: 0, role: "uploaded" });
    expect(created.architecture).toContain(configuration.architecture);
    const download = await api.get(`/v1/models/${id}/download`);
    expect(decodeModel(download.rawPayload).primal).toEqual(createModel({ ...configuration, seed: 3 }).primal);
  });

  it("of another architecture than stated are refused, with the first difference (field case 36)", async () => {
    const tiny = await upload(pytorchFile(small), { preset: "drn-s", scale: "4" });
    expect(problemOf(tiny)).toMatchObject({ status: 422, code: "ARCHITECTURE_MISMATCH" });
    expect(problemOf(tiny).detail).toMatch(/"head.weight" has the shape \[4,3,3,3\], expected \[16,3,3,3\]/);
    const scale = await upload(pytorchFile(small), { scale: "2" });
    expect(problemOf(scale)).toMatchObject({ code: "ARCHITECTURE_MISMATCH" });
  });

  it("with dilated convolutions are refused when they are uploaded (field case 3)", async () => {
    const model = createModel({ ...small, seed: 2 });
    Object.assign(findNode(model.primal.graph, "head"), { dilationRate: 2 });
    const problem = problemOf(await upload(encodeModel(model)));
    expect(problem).toMatchObject({ status: 422, code: "MODEL_INVALID" });
    expect(problem.detail).toMatch(/"head" is dilated/);
  });

  it("that are damaged, missing or described wrongly are refused", async () => {
    expect(problemOf(await upload(Buffer.from("no safetensors file at all")))).toMatchObject({ code: "MODEL_INVALID" });
    expect(problemOf(await upload(encodeModel(createModel({ ...small, seed: 2 })).subarray(0, 5000)))).toMatchObject({
      code: "MODEL_INVALID",
    });
    expect(pointersOf(await api.send({ url: "/v1/models", ...form([], { name: "x" }) }))).toEqual(["/file"]);
    expect(pointersOf(await upload(pytorchFile(small), { colour: "red" }))).toEqual(["/colour"]);
  });

  it("can be deployed without their dual networks by an export job", async () => {
    const modelId = await storedModel(api);
    const response = await api.post("/v1/jobs", { kind: "export", spec: { model: { modelId } } });
    expect(response.json()).toMatchObject({ deviceClass: "none", spec: { format: "safetensors" } });
  });
});

describe("readiness", () => {
  it("asks Postgres, Redis, the store and the workers' native backends, and names those (field case 61)", async () => {
    const { database } = api.services;
    const runtime = { backend: "tensorflow", tensorflowVersion: "2.21.0", device: "cpu", threads: 2 };
    const slots = [{ deviceClass: "cpu" as const, device: "cpu" }];
    const readiness = () => api.get("/readyz");
    const waitsFor = async () => (await api.get(`/v1/jobs/${job}`)).json().waitsFor;
    const work = { kind: "evaluate", spec: { model: "bicubic", dataset } };
    const job = (await api.post("/v1/jobs", work)).json().id;

    const of = (backend: BackendResource) => ({ host: "here", processId: 1, slots, backends: [backend] });
    const trying = of({ state: "trying", deviceClass: "cpu" });
    const worker = await registerWorker(database, trying);
    expect((await readiness()).json()).toMatchObject({ ready: true, workers: [trying] });
    expect(await waitsFor()).toBeNull();

    const failed = of({ state: "failed", deviceClass: "cpu", detail: "libtensorflow.so.2 is not there." });
    await workerHeartbeat(database, worker, failed);
    const red = await readiness();
    expect(red.statusCode).toBe(503);
    expect(red.json()).toMatchObject({
      ready: false,
      checks: {
        workers: { ok: false, detail: expect.stringContaining("here, cpu: libtensorflow.so.2 is not there.") },
      },
      workers: [failed],
    });
    expect(await waitsFor()).toEqual(expect.stringContaining("working slot of the device class cpu"));

    const works = of({ state: "works", deviceClass: "cpu", runtime });
    const other = await registerWorker(database, works);
    const green = await readiness();
    expect(green.statusCode).toBe(200);
    expect(green.json()).toMatchObject({ ready: true, checks: { workers: { ok: true } }, workers: [failed, works] });
    expect(await waitsFor()).toBeNull();

    const open = await api.app.inject({ method: "GET", url: "/readyz" });
    const checks = { database: { ok: true }, redis: { ok: true }, store: { ok: true }, workers: { ok: true } };
    expect(open.json()).toEqual({ ready: true, checks });
    expect(problemOf(await api.as(`drc_${"x".repeat(43)}`).get("/readyz")).code).toBe("UNAUTHENTICATED");

    await database.worker.deleteMany({ where: { id: { in: [worker, other] } } });
    // A worker that was not heard of for long enough to be forgotten comes back with its next heartbeat.
    await workerHeartbeat(database, worker, works);
    expect((await readiness()).json()).toMatchObject({ workers: [{ id: worker, ...works }] });
    await unregisterWorker(database, worker);
    await api.post(`/v1/jobs/${job}/cancel`);
  });

  it("names the device classes that have jobs and no worker, as the jobs do", async () => {
    const { database } = api.services;
    const waiting = async () => {
      const readiness = (await api.get("/readyz")).json<ReadinessResource>();
      return readiness.waiting?.filter(({ deviceClass }) => deviceClass === "gpu");
    };
    const work = { kind: "evaluate", spec: { model: "bicubic", dataset }, device: "gpu" };
    const { id, waitsFor } = (await api.post("/v1/jobs", work)).json();
    const detail = expect.stringContaining("device class gpu");
    expect(waitsFor).toEqual(detail);
    expect((await api.get("/v1/jobs?limit=1")).json().items).toMatchObject([{ id, waitsFor: detail }]);
    expect(await waiting()).toEqual([{ deviceClass: "gpu", jobs: 1, detail }]);

    const slots = [{ deviceClass: "gpu" as const, device: "gpu 0" }];
    const worker = await registerWorker(database, { host: "here", processId: 2, slots });
    expect((await api.get(`/v1/jobs/${id}`)).json()).toMatchObject({ state: "queued", waitsFor: null });
    expect(await waiting()).toEqual([]);

    const silent = new Date(Date.now() - WORKER_SILENCE_MS - 1_000);
    await database.worker.update({ where: { id: worker }, data: { heartbeatAt: silent } });
    expect((await api.get(`/v1/jobs/${id}`)).json()).toMatchObject({ waitsFor: detail });
  });

  it.each([
    ["refuses connections", false, /ECONNREFUSED/],
    ["takes connections and says nothing", true, /^No answer came within 5 s\.$/],
  ])("is red, and answers, where the store %s", async (_how, listens, detail) => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    if (!listens) silent.close();
    const store = new BlobStore({ ...api.services.s3, endpoint: `http://127.0.0.1:${port}` });
    const app = await buildApp(
      { ...api.services, store, device: "cpu", webhooks: api.webhooks },
      pino({ level: "silent" }),
    );
    checkAnswers(app);
    const response = await app.inject({
      method: "GET",
      url: "/readyz",
      headers: { authorization: `Bearer ${api.key}` },
    });
    expect(response.statusCode).toBe(503);
    const { ready, checks } = response.json<ReadinessResource>();
    expect([ready, checks.store.ok, checks.redis.ok]).toEqual([false, false, true]);
    expect(checks.store.detail).toMatch(detail);
    await app.close();
    silent.close();
  });

  it("is red, and answers, where the database takes connections and says nothing, with a key as without one", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const database = connectDatabase(`postgresql://nobody@127.0.0.1:${port}/none`);
    const app = await buildApp(
      { ...api.services, database, device: "cpu", webhooks: api.webhooks },
      pino({ level: "silent" }),
    );
    checkAnswers(app);
    for (const headers of [{}, { authorization: `Bearer ${api.key}` }]) {
      const response = await app.inject({ method: "GET", url: "/readyz", headers });
      // Nobody knows whether the key may read more.
      expect([response.statusCode, response.json<ReadinessResource>().checks.database]).toEqual([503, { ok: false }]);
    }
    for (const socket of sockets) socket.destroy();
    await app.close();
    silent.close();
  });
});
