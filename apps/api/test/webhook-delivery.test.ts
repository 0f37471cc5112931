import { newId, type WebhookMessageDetailResource, type WebhookSecretResource } from "@drc/contracts";
import { claimWebhookMessages } from "@drc/database";
import { AllowedAddresses, SecretBox } from "@drc/webhooks";
import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import {
  eventually,
  type Received,
  type Receiver,
  type ReceiverAnswer,
  startReceiver,
} from "../../../test/receiver.ts";
import { WebhookDelivery } from "../src/keepers/webhook-delivery.ts";
import type { WebhookSettings } from "../src/webhooks/webhook-settings.ts";
import { startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
let receivers: Receiver[];
let deliveries: WebhookDelivery[];

beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  receivers = [];
  deliveries = [];
  await api.services.database.webhookEndpoint.deleteMany();
});
afterEach(async () => {
  for (const delivery of deliveries) await delivery.stop();
  for (const receiver of receivers) await receiver.stop();
});
afterAll(() => api.stop());

async function receive(answer?: Parameters<typeof startReceiver>[0]): Promise<Receiver> {
  const receiver = await startReceiver(answer);
  receivers.push(receiver);
  return receiver;
}

async function register(url: string): Promise<WebhookSecretResource> {
  const response = await api.post("/v1/webhooks", { url });
  expect(response.statusCode, response.body).toBe(201);
  return response.json();
}

function deliver(settings: Partial<WebhookSettings> = {}): WebhookDelivery {
  const webhooks = { ...api.webhooks, ...settings };
  const delivery = new WebhookDelivery({ database: api.services.database, webhooks }, pino({ level: "silent" }));
  deliveries.push(delivery);
  delivery.start();
  return delivery;
}

/** Asks for a test message. */
async function send(webhookId: string): Promise<string> {
  const response = await api.post(`/v1/webhooks/${webhookId}/test`);
  expect(response.statusCode, response.body).toBe(202);
  return response.json().id;
}

async function read(webhookId: string, messageId: string): Promise<WebhookMessageDetailResource> {
  return (await api.get(`/v1/webhooks/${webhookId}/messages/${messageId}`)).json();
}

/** The message as soon as it is in a state. */
function reaches(webhookId: string, messageId: string, state: string): Promise<WebhookMessageDetailResource> {
  return eventually(async () => {
    const message = await read(webhookId, messageId);
    return message.state === state && message;
  });
}

/** Fails where the signature is not one of this secret over the bytes that came. */
function verify(secret: string | null, { headers, body }: Received): unknown {
  return new Webhook(secret ?? "").verify(body, headers as Record<string, string>);
}

it("signs the bytes that it sends, as another implementation verifies (field case 56)", async () => {
  const receiver = await receive();
  const { id, secret } = await register(receiver.url);
  // As nobody's serializer would write it: key order, blanks, 1.0, and characters beyond one UTF-16 unit.
  const body = '{"z": 1.0, "a":"\u00fc\u2028 \ud83d\udc0b \\u00e9","n":1e3 }';
  const messageId = newId("message");
  await api.services.database.webhookMessage.create({
    data: { id: messageId, endpointId: id, type: "job.failed", body },
  });
  deliver();
  await reaches(id, messageId, "delivered");
  const [received] = receiver.received;
  expect(received.body.equals(Buffer.from(body))).toBe(true);
  expect(received.headers["webhook-id"]).toBe(messageId);
  expect(received.headers["content-type"]).toBe("application/json");
  expect(verify(secret, received)).toEqual(JSON.parse(body));
  const changed = { ...received, body: Buffer.from(body.replace("1.0", "1")) };
  expect(() => verify(secret, changed)).toThrow(/No matching signature/);
});

it("signs with both secrets for a day after a rotation, and keeps a log of what was answered (field case 60)", async () => {
  const receiver = await receive((_request, count) => ({ status: count === 1 ? 500 : 200, body: "x".repeat(5_000) }));
  const first = await register(receiver.url);
  const { id } = first;
  const second: WebhookSecretResource = (await api.post(`/v1/webhooks/${id}/rotate`)).json();
  expect(second.secret).not.toBe(first.secret);
  const messageId = await send(id);
  deliver({ retryDelaysMs: [0] });
  const message = await reaches(id, messageId, "delivered");
  expect(message.nextAttemptAt).toBeNull();
  expect(message.attemptHistory).toMatchObject([
    { number: 2, trigger: "automatic", status: 200, error: null, response: "x".repeat(1024) },
    { number: 1, trigger: "manual", status: 500, error: null },
  ]);
  for (const { durationMs } of message.attemptHistory) expect(durationMs).toBeGreaterThanOrEqual(0);
  expect(receiver.received).toHaveLength(2);
  for (const received of receiver.received) {
    expect(String(received.headers["webhook-signature"]).split(" ")).toHaveLength(2);
    verify(first.secret, received);
    verify(second.secret, received);
  }

  // The same bytes and identifier once more, on request. The day is over meanwhile.
  await api.services.database.webhookEndpoint.update({ where: { id }, data: { previousSecretEndsAt: new Date() } });
  const again = await api.post(`/v1/webhooks/${id}/messages/${messageId}/redeliver`);
  expect(again.json()).toMatchObject({ id: messageId, state: "pending" });
  const redelivered = await reaches(id, messageId, "delivered");
  expect(redelivered.attemptHistory[0]).toMatchObject({ number: 3, trigger: "manual", status: 200 });
  const last = receiver.received[2];
  expect(last.headers["webhook-id"]).toBe(messageId);
  expect(last.body.equals(receiver.received[0].body)).toBe(true);
  verify(second.secret, last);
  expect(() => verify(first.secret, last)).toThrow();
});

it("shows what is wrong where the encryption key is lost, and lists go on (field case 60)", async () => {
  const receiver = await receive();
  const { id } = await register(receiver.url);
  const messageId = await send(id);
  const other = { box: new SecretBox("6".repeat(64)) };
  deliver({ ...other, retryDelaysMs: [] });
  const message = await reaches(id, messageId, "failed");
  expect(message.attemptHistory[0].error).toMatch(/DRC_SECRET_KEY/);
  expect(receiver.received).toEqual([]);

  const kept = { ...api.webhooks };
  Object.assign(api.webhooks, other);
  try {
    const list = await api.get("/v1/webhooks");
    expect(list.statusCode).toBe(200);
    expect(list.json().items).toMatchObject([{ id, error: expect.stringMatching(/DRC_SECRET_KEY.*rotate/) }]);
    // A new secret mends it; the lost one cannot sign.
    const { secret, error } = (await api.post(`/v1/webhooks/${id}/rotate`)).json<WebhookSecretResource>();
    expect(error).toBeNull();
    await api.post(`/v1/webhooks/${id}/messages/${messageId}/redeliver`);
    await reaches(id, messageId, "delivered");
    verify(secret, receiver.received[0]);
  } finally {
    Object.assign(api.webhooks, kept);
  }
});

it("retries under one identifier with new times, and gives up at the end of the schedule", async () => {
  const receiver = await receive(() => ({ status: 503 }));
  const { id } = await register(receiver.url);
  const messageId = await send(id);
  deliver({ retryDelaysMs: [1_100, 0] });
  const message = await reaches(id, messageId, "failed");
  expect(message.attempts).toBe(3);
  expect(message.nextAttemptAt).toBeNull();
  expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual(Array(3).fill(messageId));
  const times = receiver.received.map(({ headers }) => Number(headers["webhook-timestamp"]));
  expect(times[1]).toBeGreaterThan(times[0]);
  expect((await api.get(`/v1/webhooks/${id}`)).json().failingSince).not.toBeNull();
});

it("waits as long as the receiver asks for by Retry-After", async () => {
  const receiver = await receive(() => ({ status: 429, headers: { "retry-after": "3600" } }));
  const { id } = await register(receiver.url);
  const messageId = await send(id);
  deliver({ retryDelaysMs: [0] });
  const { attemptHistory, nextAttemptAt } = await eventually(async () => {
    const message = await read(id, messageId);
    return message.attemptHistory[0]?.status === 429 && message;
  });
  const waitMs = Date.parse(nextAttemptAt ?? "") - Date.parse(attemptHistory[0].startedAt);
  expect(waitMs).toBeGreaterThanOrEqual(3_600_000);
  expect(waitMs).toBeLessThan(3_700_000);
});

it("disables an endpoint that answers 410, and holds back what waits for it", async () => {
  const receiver = await receive(() => ({ status: 410 }));
  const { id } = await register(receiver.url);
  const messageId = await send(id);
  deliver({ retryDelaysMs: [0] });
  expect((await reaches(id, messageId, "failed")).attempts).toBe(1);
  expect((await api.get(`/v1/webhooks/${id}`)).json()).toMatchObject({
    state: "disabled",
    stateReason: expect.stringContaining("410"),
  });
  expect((await api.post(`/v1/webhooks/${id}/test`)).statusCode).toBe(409);
  expect((await api.post(`/v1/webhooks/${id}/messages/${messageId}/redeliver`)).statusCode).toBe(409);
});

it("disables an endpoint of which every delivery has failed for five days", async () => {
  const receiver = await receive(() => ({ status: 500 }));
  const { id } = await register(receiver.url);
  const failedFor = async (days: number) => {
    const failingSince = new Date(Date.now() - days * 86_400_000);
    await api.services.database.webhookEndpoint.update({ where: { id }, data: { failingSince } });
    await reaches(id, await send(id), "failed");
    return (await api.get(`/v1/webhooks/${id}`)).json();
  };
  deliver({ retryDelaysMs: [] });
  expect(await failedFor(4.99)).toMatchObject({ state: "enabled" });
  expect(await failedFor(5.01)).toMatchObject({ state: "disabled", stateReason: expect.stringContaining("5 days") });
  const enabled = await api.send({ method: "PATCH", url: `/v1/webhooks/${id}`, payload: { state: "enabled" } });
  expect(enabled.json()).toMatchObject({ state: "enabled", stateReason: null, failingSince: null });
});

it("follows no redirect, and asks DNS and checks again at sending (field case 58)", async () => {
  const elsewhere = await receive();
  const receiver = await receive(() => ({ status: 302, headers: { location: elsewhere.url } }));
  const { id } = await register(receiver.url);
  const redirected = await send(id);
  const delivery = deliver({ retryDelaysMs: [] });
  expect((await reaches(id, redirected, "failed")).attemptHistory[0]).toMatchObject({ status: 302 });
  expect(elsewhere.received).toEqual([]);
  await delivery.stop();

  // Registered while loopback was allowed, which it is not any more; the name as if its address had changed.
  deliver({ allowed: new AllowedAddresses(), retryDelaysMs: [] });
  for (const url of [elsewhere.url, `http://localhost:${elsewhere.port}/`, `http://2130706433:${elsewhere.port}/`]) {
    await api.services.database.webhookEndpoint.update({ where: { id }, data: { url } });
    const [attempt] = (await reaches(id, await send(id), "failed")).attemptHistory;
    expect(attempt).toMatchObject({ status: null, response: null, error: expect.stringMatching(/not public/) });
  }
  expect(elsewhere.received).toEqual([]);
});

it("makes each attempt once where two replicas deliver", async () => {
  const receiver = await receive();
  const { id } = await register(receiver.url);
  const ids: string[] = [];
  for (let i = 0; i < 30; i++) ids.push(await send(id));
  deliver();
  deliver();
  for (const messageId of ids) expect((await reaches(id, messageId, "delivered")).attempts).toBe(1);
  expect(receiver.received.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.sort());
  // Nor do they take a receiver's every connection.
  expect(Math.max(...receiver.received.map(({ open }) => open))).toBeLessThanOrEqual(4);
});

it("sends again, under the same identifier, what a crash left without its note", async () => {
  const receiver = await receive();
  const { id, secret } = await register(receiver.url);
  const messageId = await send(id);
  const claim = { limit: 10, perEndpoint: 10, leaseMs: 300 };
  const [lost] = await claimWebhookMessages(api.services.database, claim);
  // Sent by a server that ends before it notes the answer.
  await fetch(receiver.url, { method: "POST", headers: { "webhook-id": lost.id }, body: lost.body });
  deliver();
  const { attemptHistory } = await reaches(id, messageId, "delivered");
  expect(attemptHistory).toMatchObject([
    { number: 2, status: 204 },
    { number: 1, status: null, durationMs: null, error: expect.stringContaining("ended before") },
  ]);
  const [first, second] = receiver.received;
  expect([first.headers["webhook-id"], second.headers["webhook-id"]]).toEqual([messageId, messageId]);
  expect(second.body.equals(first.body)).toBe(true);
  verify(secret, second);
});

it("lets a receiver that hangs hold up no other, and breaks off where the server stops", async () => {
  const never = new Promise<ReceiverAnswer>(() => {});
  const slow = await receive(() => never);
  const quick = await receive();
  const hanging = await register(slow.url);
  const waiting: string[] = [];
  for (let i = 0; i < 6; i++) waiting.push(await send(hanging.id));
  const delivery = deliver();
  await eventually(() => slow.received.length === 4);
  const { id } = await register(quick.url);
  await reaches(id, await send(id), "delivered");
  expect(slow.received).toHaveLength(4);
  await delivery.stop();
  const broken = await read(hanging.id, String(slow.received[0].headers["webhook-id"]));
  expect(broken).toMatchObject({
    state: "pending",
    attemptHistory: [{ status: null, error: "The server stopped before an answer came." }],
  });
});

it("claims no more for a receiver than it may have at once, however many are due, and keeps no other waiting", async () => {
  const { database } = api.services;
  const [full, other] = [await register("http://127.0.0.1:9/full"), await register("http://127.0.0.1:9/other")];
  await database.$executeRaw`
    INSERT INTO "WebhookMessage" (id, "endpointId", type, body, "nextAttemptAt")
    SELECT 'msg_' || i, ${full.id}, 'webhook.test', '{}', now() - interval '1 hour' FROM generate_series(1, 20000) i`;
  const waiting = await send(other.id);
  await database.$executeRaw`ANALYZE "WebhookMessage"`;
  const claimed = await claimWebhookMessages(database, { limit: 10, perEndpoint: 4 });
  expect(claimed.filter(({ endpoint }) => endpoint.id === full.id)).toHaveLength(4);
  expect(claimed.filter(({ endpoint }) => endpoint.id === other.id).map(({ id }) => id)).toEqual([waiting]);
  expect(await claimWebhookMessages(database, { limit: 10, perEndpoint: 4 })).toEqual([]);
  expect(await claimWebhookMessages(database, { limit: 10, perEndpoint: 6 })).toHaveLength(2);
});
