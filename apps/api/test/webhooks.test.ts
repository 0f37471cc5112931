import {
  type CompressionDetailResource,
  makeJobError,
  newId,
  type WebhookBody,
  type WebhookResource,
  type WebhookSecretResource,
} from "@drc/contracts";
import { claimJob, createJobs, endAttempt, requestCancel, requestPause, settleBlocked } from "@drc/database";
import { AllowedAddresses, type SecretBox } from "@drc/webhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { makeKey, pointersOf, problemOf, readyDataset, startApi, storedModel, type TestApi } from "./support/api.ts";

const URL = "http://127.0.0.1:9/hook";

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  await api.services.database.webhookEndpoint.deleteMany();
});
afterAll(() => api.stop());

const register = async (body: object = {}): Promise<WebhookSecretResource> =>
  (await api.post("/v1/webhooks", { url: URL, ...body })).json();
const change = (id: string, payload: object) => api.send({ method: "PATCH", url: `/v1/webhooks/${id}`, payload });

/** What was written for a webhook, oldest first. */
async function told(webhookId: string): Promise<WebhookBody[]> {
  const messages = await api.services.database.webhookMessage.findMany({
    where: { endpointId: webhookId },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  return messages.map(({ type, body }) => {
    const parsed = JSON.parse(body) as WebhookBody;
    expect(parsed.type).toBe(type);
    return parsed;
  });
}

describe("a webhook", () => {
  it("is made with a secret that is shown once", async () => {
    const events = ["compression.failed"];
    const response = await api.post("/v1/webhooks", { url: URL, description: "pager", events });
    expect(response.statusCode).toBe(201);
    const { secret, ...made } = response.json<WebhookSecretResource>();
    expect(secret).toMatch(/^whsec_[\w+/]{43}=$/);
    expect(made).toMatchObject({ url: URL, description: "pager", events, state: "enabled", error: null });
    expect(response.headers.location).toBe(`/v1/webhooks/${made.id}`);
    expect((await api.get(`/v1/webhooks/${made.id}`)).json()).toEqual(made);
    expect((await api.get("/v1/webhooks")).json()).toEqual({ items: [made], nextCursor: null });
    const row = await api.services.database.webhookEndpoint.findUniqueOrThrow({ where: { id: made.id } });
    expect(JSON.stringify(row)).not.toContain(secret?.slice(6, 20));
    expect(row.apiKeyId).not.toBeNull();
  });

  it("is made once for the same Idempotency-Key, whose kept answer has no secret", async () => {
    const send = () =>
      api.send({ method: "POST", url: "/v1/webhooks", headers: { "idempotency-key": "hook" }, payload: { url: URL } });
    const [first, again] = [await send(), await send()];
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect(again.json()).toEqual({ ...first.json(), secret: null });
    const { body } = await api.services.database.idempotencyKey.findFirstOrThrow({ where: { key: "hook" } });
    expect(body).not.toContain("whsec_");
  });

  it("is refused without a key of the server, which lists and shows those that are there", async () => {
    const { id } = await register();
    const kept = { ...api.webhooks };
    Object.assign(api.webhooks, { box: null });
    try {
      const refused = problemOf(await api.post("/v1/webhooks", { url: URL }));
      expect(refused).toMatchObject({ code: "WEBHOOKS_OFF", detail: expect.stringContaining("DRC_SECRET_KEY") });
      expect(problemOf(await api.post(`/v1/webhooks/${id}/rotate`)).code).toBe("WEBHOOKS_OFF");
      const { items } = (await api.get("/v1/webhooks")).json();
      expect(items).toMatchObject([{ id, error: expect.stringContaining("DRC_SECRET_KEY") }]);
    } finally {
      Object.assign(api.webhooks, kept);
    }
  });

  it.each([
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://localhost/",
    "https://user:word@1.1.1.1/",
    "ftp://1.1.1.1/",
  ])("may not have the URL %s, neither made nor changed (field case 58)", async (url) => {
    const { id } = await register();
    const kept = { ...api.webhooks };
    Object.assign(api.webhooks, { allowed: new AllowedAddresses() });
    try {
      for (const refused of [await api.post("/v1/webhooks", { url }), await change(id, { url })]) {
        expect(problemOf(refused)).toMatchObject({ status: 422, code: "VALIDATION_FAILED" });
        expect(pointersOf(refused)).toEqual(["/url"]);
      }
    } finally {
      Object.assign(api.webhooks, kept);
    }
    expect((await api.get(`/v1/webhooks/${id}`)).json().url).toBe(URL);
  });

  it("can be changed, switched off and removed", async () => {
    const { secret, ...made } = await register();
    const changed = await change(made.id, { description: "new", events: ["job.failed"], state: "disabled" });
    expect(changed.json()).toEqual({ ...made, description: "new", events: ["job.failed"], state: "disabled" });
    expect(pointersOf(await change(made.id, { events: ["job.started"] }))).toEqual(["/events/0"]);
    expect(problemOf(await change(made.id, {})).detail).toContain("at least one");
    const remove = () => api.send({ method: "DELETE", url: `/v1/webhooks/${made.id}` });
    expect((await remove()).statusCode).toBe(204);
    expect((await remove()).statusCode).toBe(404);
    for (const path of ["", "/messages", `/messages/${newId("message")}`]) {
      expect((await api.get(`/v1/webhooks/${made.id}${path}`)).statusCode).toBe(404);
    }
  });

  it("gets a new secret, and keeps the one before for a day", async () => {
    const { id, secret } = await register();
    const rotated = (await api.post(`/v1/webhooks/${id}/rotate`)).json<WebhookSecretResource>();
    expect(rotated.secret).not.toBe(secret);
    const leftMs = Date.parse(rotated.previousSecretEndsAt ?? "") - Date.now();
    expect(Math.abs(leftMs - 24 * 3_600_000)).toBeLessThan(60_000);
    const row = await api.services.database.webhookEndpoint.findUniqueOrThrow({ where: { id } });
    const open = (sealed: string | null) => (api.webhooks.box as SecretBox).open(sealed ?? "", id);
    expect([open(row.secret), open(row.previousSecret)]).toEqual([rotated.secret, secret]);
  });

  it("is changed by the key that made it, and by administrators, alone; all may see it", async () => {
    const [owner, stranger] = [await makeKey(api, { name: "owner" }), await makeKey(api, { name: "stranger" })];
    const made = (await api.as(owner.key).post("/v1/webhooks", { url: URL })).json<WebhookSecretResource>();
    const message = (await api.as(owner.key).post(`/v1/webhooks/${made.id}/test`)).json().id;
    const acts = (key: string) => {
      const { send, post } = api.as(key);
      const url = `/v1/webhooks/${made.id}`;
      return [
        () => send({ method: "PATCH", url, payload: { url: "http://127.0.0.2/" } }),
        () => post(`${url}/rotate`),
        () => post(`${url}/test`),
        () => post(`${url}/messages/${message}/redeliver`),
        () => send({ method: "DELETE", url }),
      ];
    };
    for (const act of acts(stranger.key)) {
      const refused = await act();
      expect(problemOf(refused)).toMatchObject({ status: 403, code: "FORBIDDEN" });
      expect(refused.body).not.toContain("whsec_");
    }
    const seen = await api.as(stranger.key).get(`/v1/webhooks/${made.id}`);
    expect(seen.json()).toMatchObject({ id: made.id, url: URL, previousSecretEndsAt: null, mayChange: false });
    const mayOf = async (key: string) => (await api.as(key).get("/v1/webhooks")).json().items[0].mayChange;
    expect([made.mayChange, await mayOf(owner.key), await mayOf(stranger.key)]).toEqual([true, true, false]);
    expect((await api.get(`/v1/webhooks/${made.id}`)).json().mayChange).toBe(true);
    expect(seen.body).not.toContain("whsec_");
    for (const act of acts(owner.key)) expect((await act()).statusCode).toBeLessThan(300);

    const other = (await api.as(owner.key).post("/v1/webhooks", { url: URL })).json<WebhookSecretResource>();
    expect((await change(other.id, { description: "by an administrator" })).statusCode).toBe(200);
  });

  it("is one of 50 at most", async () => {
    const { database } = api.services;
    await database.webhookEndpoint.createMany({
      data: Array.from({ length: 49 }, () => ({ id: newId("webhook"), url: URL, secret: "x" })),
    });
    // Of two that come at once one is made.
    const answers = await Promise.all([api.post("/v1/webhooks", { url: URL }), api.post("/v1/webhooks", { url: URL })]);
    const [made, refused] = answers.sort((a, b) => a.statusCode - b.statusCode);
    expect(made.statusCode).toBe(201);
    expect(problemOf(refused)).toMatchObject({ status: 409, code: "CONFLICT" });
    expect(problemOf(refused).detail).toContain("has 50 webhooks, and may have 50. Remove one");
    expect(await database.webhookEndpoint.count()).toBe(50);
  });

  it("lists what it was told by pages and state", async () => {
    const { id } = await register();
    for (let i = 0; i < 5; i++) await api.post(`/v1/webhooks/${id}/test`);
    const [one] = await api.services.database.webhookMessage.findMany({ where: { endpointId: id }, take: 1 });
    await api.services.database.webhookMessage.update({ where: { id: one.id }, data: { state: "failed" } });
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = (await api.get(`/v1/webhooks/${id}/messages?limit=2${cursor}`)).json();
      seen.push(...page.items.map((item: { id: string }) => item.id));
      cursor = page.nextCursor === null ? "" : `&cursor=${page.nextCursor}`;
    } while (cursor !== "");
    expect(new Set(seen).size).toBe(5);
    const failed = (await api.get(`/v1/webhooks/${id}/messages?state=failed`)).json();
    expect(failed.items.map((item: { id: string }) => item.id)).toEqual([one.id]);
  });
});

async function claim(jobId: string): Promise<{ jobId: string; leaseToken: string }> {
  const { database } = api.services;
  const { dispatchNumber } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
  const claimed = await claimJob(database, { jobId, dispatchNumber, workerId: "w", device: "cpu" });
  return { jobId, leaseToken: claimed?.leaseToken ?? "" };
}

const EVALUATED = { images: [], mean: { psnr: null, ssim: null }, protocol: {} };

describe("what webhooks are told", () => {
  const create = (given: Parameters<typeof someJob>[0] = {}) =>
    api.services.database.$transaction(async (transaction) => (await createJobs(transaction, [someJob(given)]))[0]);

  it("is how each job ended, and that it paused", async () => {
    const { database } = api.services;
    const { id } = await register();
    const jobs = [];
    for (const name of ["good", "bad", "unwanted", "waiting"]) jobs.push(await create({ name, labels: ["nightly"] }));
    const [good, bad, unwanted, waiting] = jobs;
    await endAttempt(database, await claim(good.id), { type: "succeeded", result: EVALUATED });
    const error = makeJobError("JOB_FAILED", "It cannot work.");
    await endAttempt(database, await claim(bad.id), { type: "failed", error });
    await requestCancel(database, unwanted.id);
    await requestPause(database, waiting.id);
    const data = (job: { id: string; name: string | null }, state: string) => ({
      id: job.id,
      kind: "evaluate",
      name: job.name,
      labels: ["nightly"],
      state,
      compressionId: null,
      sweepId: null,
      path: `/v1/jobs/${job.id}`,
    });
    expect((await told(id)).map(({ timestamp, ...rest }) => rest)).toEqual([
      { type: "job.succeeded", data: { ...data(good, "succeeded"), result: EVALUATED } },
      { type: "job.failed", data: { ...data(bad, "failed"), error } },
      { type: "job.cancelled", data: data(unwanted, "cancelled") },
      { type: "job.paused", data: data(waiting, "paused") },
    ]);
    const { endedAt } = await database.job.findUniqueOrThrow({ where: { id: good.id } });
    expect((await told(id))[0].timestamp).toBe(endedAt?.toISOString());
  });

  it("is only what they ask for, and nothing while they are disabled", async () => {
    const some = await register({ events: ["job.paused"] });
    const off = await register();
    await change(off.id, { state: "disabled" });
    const job = await create();
    await requestPause(api.services.database, job.id);
    await requestCancel(api.services.database, job.id);
    expect((await told(some.id)).map(({ type }) => type)).toEqual(["job.paused"]);
    expect(await told(off.id)).toEqual([]);
  });

  it("comes with the change of state or not at all", async () => {
    const { id } = await register();
    const job = await create();
    const lost = { jobId: job.id, leaseToken: "of nobody" };
    expect(await endAttempt(api.services.database, lost, { type: "succeeded", result: EVALUATED })).toBeNull();
    expect(await told(id)).toEqual([]);
  });

  it("leaves out a result that is too large", async () => {
    const { id } = await register();
    const { id: jobId } = await create();
    const image = { name: "a photograph.png", identical: false, psnr: 30.123456, ssim: 0.912345 };
    const result = { ...EVALUATED, images: Array.from({ length: 500 }, () => image) };
    expect(await endAttempt(api.services.database, await claim(jobId), { type: "succeeded", result })).toBe(
      "succeeded",
    );
    const [message] = await told(id);
    expect(message.data).toMatchObject({ state: "succeeded", path: `/v1/jobs/${jobId}` });
    expect(message.data.result).toBeUndefined();
  });

  it("has the first findings of an error that has thousands, and no endless text", async () => {
    const { id } = await register();
    const { id: jobId } = await create();
    const errors = Array.from({ length: 5_000 }, (_, i) => ({
      file: `photograph-${i}.png`,
      detail: "It is no image.",
    }));
    errors[0].detail = "x".repeat(100_000);
    errors[1].detail = `${"x".repeat(1_022)}${"\ud83d\udc0b".repeat(10)}`;
    const error = makeJobError("DATASET_INVALID", "5000 files cannot be used.", { errors });
    await endAttempt(api.services.database, await claim(jobId), { type: "failed", error });
    const [message] = await told(id);
    expect(message.data.error).toEqual({
      ...error,
      errors: [
        { file: "photograph-0.png", detail: `${"x".repeat(1_023)}…` },
        { file: "photograph-1.png", detail: `${"x".repeat(1_022)}…` },
        ...errors.slice(2, 10),
      ],
    });
    expect(JSON.stringify(message).length).toBeLessThan(8_192);
  });

  it("lets a webhook be removed while jobs end", async () => {
    const hooks: WebhookResource[] = [];
    for (let i = 0; i < 10; i++) hooks.push(await register());
    const jobs = [];
    for (let i = 0; i < 10; i++) jobs.push(await create());
    const ends = jobs.map(({ id }) => requestCancel(api.services.database, id));
    const removals = hooks.map(({ id }) => api.send({ method: "DELETE", url: `/v1/webhooks/${id}` }));
    expect((await Promise.all(ends)).map((end) => end?.job.state)).toEqual(Array(10).fill("cancelled"));
    expect((await Promise.all(removals)).map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(204));
  });
});

describe("what webhooks are told of a compression", () => {
  async function submit(): Promise<CompressionDetailResource> {
    const dataset = await readyDataset(api, 4, [
      { width: 200, height: 200 },
      { width: 200, height: 200 },
    ]);
    const model = { modelId: await storedModel(api, { scale: 4, blocks: 1, features: 8 }) };
    const budget = { of: "parameters", remove: 0.3 };
    const body = { dataset, model, budget, evaluation: { dataset }, name: "small", labels: ["nightly"] };
    return (await api.post("/v1/compressions", body)).json();
  }
  const compressions = async (id: string) => (await told(id)).filter(({ type }) => type.startsWith("compression."));

  it("comes once where its last two jobs end at once", async () => {
    const { database } = api.services;
    const { id: hook } = await register();
    for (let round = 0; round < 5; round++) {
      const { id, stages, models } = await submit();
      const last = [stages.evaluateOriginal as string, stages.evaluateBicubic as string];
      await database.job.updateMany({
        where: { compressionId: id, id: { notIn: last } },
        data: { state: "succeeded" },
      });
      const leases = [await claim(last[0]), await claim(last[1])];
      await Promise.all(leases.map((lease) => endAttempt(database, lease, { type: "succeeded", result: EVALUATED })));
      const about = (await compressions(hook)).filter(({ data }) => data.id === id);
      expect(about).toMatchObject([
        {
          type: "compression.succeeded",
          data: {
            kind: "compression",
            name: "small",
            labels: ["nightly"],
            state: "succeeded",
            path: `/v1/compressions/${id}`,
            result: { models: { original: models.original, compressed: null } },
          },
        },
      ]);
    }
  });

  it("comes when the last stage has ended, and once more after a retry", async () => {
    const { database } = api.services;
    const { id: hook } = await register();
    const { id, stages } = await submit();
    await requestCancel(database, stages.evaluateOriginal as string);
    await requestCancel(database, stages.evaluateBicubic as string);
    const error = makeJobError("JOB_FAILED", "It cannot work.");
    await endAttempt(database, await claim(stages.search), { type: "failed", error });
    // Those behind it have not ended yet.
    expect(await compressions(hook)).toEqual([]);
    while ((await settleBlocked(database)) > 0);
    expect(await compressions(hook)).toMatchObject([{ type: "compression.failed", data: { id, error } }]);

    expect((await api.post(`/v1/compressions/${id}/retry`)).statusCode).toBe(202);
    expect((await api.post(`/v1/compressions/${id}/cancel`)).statusCode).toBe(202);
    expect((await compressions(hook)).map(({ type }) => type)).toEqual(["compression.failed", "compression.cancelled"]);
  });

  it("holds up neither a cancellation nor what settles at the same time", async () => {
    const { database } = api.services;
    const { id: hook } = await register();
    for (let round = 0; round < 5; round++) {
      const { id, stages } = await submit();
      const error = makeJobError("JOB_FAILED", "It cannot work.");
      await endAttempt(database, await claim(stages.search), { type: "failed", error });
      const settle = async () => {
        while ((await settleBlocked(database)) > 0);
      };
      const [cancelled] = await Promise.all([api.post(`/v1/compressions/${id}/cancel`), settle()]);
      expect([202, 409]).toContain(cancelled.statusCode);
      expect((await compressions(hook)).filter(({ data }) => data.id === id)).toHaveLength(1);
    }
  });
});
