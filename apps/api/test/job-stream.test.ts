import { EventEmitter, once } from "node:events";
import {
  formatStreamCursor,
  type JobDetailResource,
  makeJobError,
  STREAM_ITEMS,
  type StreamItem,
} from "@drc/contracts";
import {
  claimJob,
  createSession,
  endAttempt,
  type Lease,
  recordLogs,
  recordMetrics,
  recordProgress,
  removeSession,
  stillWorks,
} from "@drc/database";
import Fastify from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildApp } from "../src/app.ts";
import { streamJob } from "../src/streams/job-stream.ts";
import { OpenStreams, type StreamReader } from "../src/streams/open-streams.ts";
import { makeKey, readyDataset, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
let address: string;
let dataset: { datasetId: string; version: number };
beforeAll(async () => {
  api = await startApi();
  address = await api.app.listen({ host: "127.0.0.1", port: 0 });
  dataset = await readyDataset(api, 4, [{ width: 200, height: 200 }]);
});
afterAll(() => api.stop());

async function runningJob(): Promise<{ id: string; lease: Lease }> {
  const work = { kind: "evaluate", spec: { model: "bicubic", dataset } };
  const { id } = (await api.post("/v1/jobs", work)).json<JobDetailResource>();
  const { database } = api.services;
  const claimed = await claimJob(database, { jobId: id, dispatchNumber: 1, workerId: "test", device: "cpu" });
  return { id, lease: { jobId: id, leaseToken: claimed?.leaseToken ?? "" } };
}

const fail = (lease: Lease) =>
  endAttempt(api.services.database, lease, { type: "failed", error: makeJobError("JOB_FAILED", "It has failed.") });

/** A reader of server-sent events over a real connection. */
class Reader {
  private readonly stop = new AbortController();

  async *read(url: string, headers: Record<string, string> = {}): AsyncGenerator<StreamItem> {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${api.key}`, ...headers },
      signal: this.stop.signal,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    let text = "";
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
        if (fields.event === undefined) continue;
        const type = fields.event as StreamItem["type"];
        yield { type, cursor: fields.id, data: STREAM_ITEMS[type].parse(JSON.parse(fields.data)) } as StreamItem;
      }
    }
  }

  leave(): void {
    this.stop.abort();
  }
}

async function all(url: string, headers?: Record<string, string>): Promise<StreamItem[]> {
  const items: StreamItem[] = [];
  for await (const item of new Reader().read(url, headers)) items.push(item);
  return items;
}

const READER: StreamReader = { apiKeyId: "key_1", mayRead: async () => true };

const LINES = Array.from({ length: 1000 }, (_, i) => `line ${i}`);

describe("the stream of a job", () => {
  it("goes on after a lost connection with no line lost and none twice (field case 51)", async () => {
    const { id, lease } = await runningJob();
    const { database } = api.services;
    const url = `${address}/v1/jobs/${id}/stream`;
    const writing = (async () => {
      for (let i = 0; i < LINES.length; i += 50) await recordLogs(database, lease, LINES.slice(i, i + 50));
      await fail(lease);
    })();

    const lines: string[] = [];
    let cursor: string | undefined;
    let connections = 0;
    for (let ended = false; !ended; ) {
      connections++;
      const reader = new Reader();
      // Each connection breaks after some lines, in the middle of what was sent.
      const until = lines.length + 170;
      try {
        for await (const item of reader.read(url, cursor === undefined ? {} : { "last-event-id": cursor })) {
          cursor = item.cursor ?? cursor;
          if (item.type === "log") lines.push(item.data.line);
          if (item.type === "end") ended = true;
          if (lines.length >= until) break;
        }
      } finally {
        reader.leave();
      }
    }
    await writing;
    expect(connections).toBeGreaterThan(5);
    expect(lines).toEqual(LINES);
  });

  it("sends all kinds with their numbers, progress, and the end", async () => {
    const { id, lease } = await runningJob();
    const { database } = api.services;
    await recordMetrics(database, lease, [{ stage: "train", step: 1, values: { loss: 2 } }]);
    await recordProgress(database, lease, { stage: "train", step: 1, of: 2 });
    await recordLogs(database, lease, ["a line\nof two"]);
    await fail(lease);
    const items = await all(`${address}/v1/jobs/${id}/stream`);
    const { eventCount } = await database.job.findUniqueOrThrow({ where: { id } });
    expect(items.filter(({ type }) => type === "event").map(({ data }) => (data as { number: number }).number)).toEqual(
      Array.from({ length: eventCount }, (_, i) => i + 1),
    );
    expect(items).toContainEqual(
      expect.objectContaining({ type: "log", data: expect.objectContaining({ line: "a line\nof two" }) }),
    );
    expect(items).toContainEqual({ type: "progress", data: { stage: "train", step: 1, of: 2 } });
    const cursor = `e${eventCount}.m1.l1`;
    expect(items.at(-1)).toEqual({ type: "end", cursor: `${cursor}.end`, data: { state: "failed" } });

    // Who has all but the end gets the end alone; who has the end is told not to come again.
    const again = await all(`${address}/v1/jobs/${id}/stream?after=${cursor}&kinds=event,metric,log`);
    expect(again.map(({ type }) => type)).toEqual(["end"]);
    expect((await api.get(`/v1/jobs/${id}/stream?after=${cursor}.end`)).statusCode).toBe(204);
  });

  it("sends a metric that is reported again with its new number", async () => {
    const { id, lease } = await runningJob();
    const { database } = api.services;
    const point = (step: number, loss: number) => ({ stage: "train", step, values: { loss } });
    await recordMetrics(database, lease, [point(1, 9), point(2, 8), point(3, 7)]);
    const reader = new Reader();
    const seen: [string, number][] = [];
    for await (const item of reader.read(`${address}/v1/jobs/${id}/stream?kinds=metric`)) {
      if (item.type !== "metric") continue;
      seen.push([item.cursor, item.data.step]);
      if (seen.length === 3) {
        await recordMetrics(database, lease, [point(2, 6)]);
        await fail(lease);
      }
    }
    expect(seen).toEqual([
      ["e0.m1.l0", 1],
      ["e0.m2.l0", 2],
      ["e0.m3.l0", 3],
      ["e0.m4.l0", 2],
    ]);
    const fresh = await all(`${address}/v1/jobs/${id}/stream?kinds=metric`);
    expect(fresh.map(({ type, cursor }) => [type, cursor])).toEqual([
      ["metric", "e0.m1.l0"],
      ["metric", "e0.m3.l0"],
      ["metric", "e0.m4.l0"],
      ["end", "e0.m4.l0.end"],
    ]);
  });

  it("serves two readers who want different kinds", async () => {
    const { id, lease } = await runningJob();
    await recordLogs(api.services.database, lease, ["one", "two"]);
    const readers = [
      all(`${address}/v1/jobs/${id}/stream?kinds=log`),
      all(`${address}/v1/jobs/${id}/stream?kinds=event`),
    ];
    await fail(lease);
    const [logs, events] = await Promise.all(readers);
    expect(logs.map(({ type, cursor }) => [type, cursor])).toEqual([
      ["log", "e0.m0.l1"],
      ["log", "e0.m0.l2"],
      ["end", "e0.m0.l2.end"],
    ]);
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["event", "end"]));
  });

  it("refuses cursors and kinds that there are not, and jobs", async () => {
    const { id } = await runningJob();
    for (const [query, pointer] of [
      ["after=e1", "/after"],
      ["kinds=event,noise", "/kinds"],
      ["kinds=", "/kinds"],
    ]) {
      const refused = await api.get(`/v1/jobs/${id}/stream?${query}`);
      expect(refused.statusCode).toBe(422);
      expect(refused.json().errors).toMatchObject([{ pointer }]);
    }
    const headers = { "last-event-id": "17" };
    expect((await api.send({ url: `/v1/jobs/${id}/stream`, headers })).json().errors).toMatchObject([
      { pointer: "/Last-Event-ID" },
    ]);
    expect((await api.get("/v1/jobs/job_00000000000000000000/stream")).statusCode).toBe(404);
  });

  it("ends without an error when the server stops", async () => {
    const { id } = await runningJob();
    const app = await buildApp({ ...api.services, device: "cpu", webhooks: api.webhooks }, pino({ level: "silent" }));
    const own = await app.listen({ host: "127.0.0.1", port: 0 });
    const types: string[] = [];
    for await (const item of new Reader().read(`${own}/v1/jobs/${id}/stream`)) {
      types.push(item.type);
      if (types.length === 1) void app.close();
    }
    expect(types).toContain("event");
    expect(types).not.toContain("end");
    await app.close();
  });

  it("stops its work when the reader goes", async () => {
    const app = Fastify({ forceCloseConnections: true });
    const streams = new OpenStreams(app);
    const stopped = new Promise<void>((resolve) => {
      app.get("/", (_request, reply) =>
        streams.send(reply, READER, async function* (stop) {
          yield ": hello\n\n";
          await once(stop, "abort");
          resolve();
        }),
      );
    });
    const own = await app.listen({ host: "127.0.0.1", port: 0 });
    const reader = new AbortController();
    const response = await fetch(own, { signal: reader.signal });
    for await (const piece of response.body!) {
      expect(Buffer.from(piece).toString()).toBe(": hello\n\n");
      break;
    }
    reader.abort();
    await stopped;
    await app.close();
  });

  it("is refused beyond what one key, and the server, may have open, until another is closed", async () => {
    const app = Fastify({ forceCloseConnections: true });
    const streams = new OpenStreams(app, { perKey: 2, all: 3, recheckMs: 60_000 });
    app.get<{ Params: { apiKeyId: string } }>("/:apiKeyId", ({ params }, reply) =>
      streams.send(reply, { ...READER, ...params }, async function* (stop) {
        yield ": hello\n\n";
        await once(stop, "abort");
      }),
    );
    app.setErrorHandler((error, _request, reply) => reply.code(429).send({ detail: (error as Error).message }));
    const own = await app.listen({ host: "127.0.0.1", port: 0 });
    const readers: AbortController[] = [];
    const open = (key: string) => {
      const reader = new AbortController();
      readers.push(reader);
      return fetch(`${own}/${key}`, { signal: reader.signal });
    };
    expect((await open("one")).status).toBe(200);
    expect((await open("one")).status).toBe(200);
    expect(await (await open("one")).json()).toMatchObject({ detail: expect.stringContaining("This key has 2") });
    expect((await open("other")).status).toBe(200);
    expect(await (await open("third")).json()).toMatchObject({ detail: expect.stringContaining("3 streams are open") });
    expect(streams.size).toBe(3);
    readers[0].abort();
    await vi.waitFor(() => expect(streams.size).toBe(2));
    expect((await open("one")).status).toBe(200);
    for (const reader of readers) reader.abort();
    await vi.waitFor(() => expect(streams.size).toBe(0));
    await app.close();
  });

  it("does not count a reader that had gone before it began", async () => {
    const app = Fastify({ forceCloseConnections: true });
    const streams = new OpenStreams(app);
    const seen = new EventEmitter();
    const [arrived, done] = [once(seen, "arrived"), once(seen, "done")];
    app.get("/", async (_request, reply) => {
      seen.emit("arrived");
      await once(reply.raw, "close");
      // biome-ignore lint/correctness/useYield: Nothing of it is to be read.
      const answer = streams.send(reply, READER, async function* () {
        throw new Error("Nobody reads this.");
      });
      seen.emit("done", streams.size);
      return answer;
    });
    const own = await app.listen({ host: "127.0.0.1", port: 0 });
    const reader = new AbortController();
    const left = fetch(own, { signal: reader.signal }).catch(() => "left");
    await arrived;
    reader.abort();
    expect(await left).toBe("left");
    expect(await done).toEqual([0]);
    await app.close();
  });

  it("ends soon after its key is revoked or expires, or its session is signed out", async () => {
    const { database } = api.services;
    const app = Fastify({ forceCloseConnections: true });
    const streams = new OpenStreams(app, { perKey: 10, all: 10, recheckMs: 20 });
    app.get<{ Params: { apiKeyId: string }; Querystring: { session?: string } }>("/:apiKeyId", (request, reply) => {
      const { apiKeyId } = request.params;
      const mayRead = () => stillWorks(database, apiKeyId, request.query.session);
      return streams.send(reply, { apiKeyId, mayRead }, async function* (stop) {
        yield ": hello\n\n";
        await once(stop, "abort");
      });
    });
    const own = await app.listen({ host: "127.0.0.1", port: 0 });
    const keys = [];
    for (let i = 0; i < 4; i++) keys.push(await makeKey(api, {}));
    const [revoked, expired, signedOut, works] = keys.map(({ id }) => id);
    await createSession(database, signedOut, 60_000);
    const { hash } = await database.session.findFirstOrThrow({ where: { apiKeyId: signedOut } });
    const ends = [];
    for (const path of [revoked, expired, `${signedOut}?session=${encodeURIComponent(hash)}`]) {
      ends.push((await fetch(`${own}/${path}`)).text());
    }
    const reader = new AbortController();
    await fetch(`${own}/${works}`, { signal: reader.signal });
    expect(streams.size).toBe(4);
    await api.remove(`/v1/keys/${revoked}`);
    await database.$executeRaw`UPDATE "ApiKey" SET "expiresAt" = clock_timestamp() WHERE id = ${expired}`;
    await removeSession(database, hash);
    expect(await Promise.all(ends)).toEqual([": hello\n\n", ": hello\n\n", ": hello\n\n"]);
    await vi.waitFor(() => expect(streams.size).toBe(1));
    reader.abort();
    await app.close();
  });

  it("sends a sign of life while nothing happens", async () => {
    const { id } = await runningJob();
    const stop = new AbortController();
    const start = { event: 9_999, metric: 0, log: 0, ended: false };
    const pieces: string[] = [];
    for await (const piece of streamJob(api.services.database, id, start, new Set(["event"]), stop.signal, {
      tickMs: 5,
      heartbeatMs: 20,
      longestMs: 60_000,
    })) {
      pieces.push(piece);
      if (pieces.length === 4) stop.abort();
    }
    expect(pieces).toEqual(["retry: 1000\n\n", ": waiting\n\n", ": waiting\n\n", ": waiting\n\n"]);
    expect(formatStreamCursor(start)).toBe("e9999.m0.l0");
  });

  it("ends a long connection", async () => {
    const { id } = await runningJob();
    const times = { tickMs: 5, heartbeatMs: 1_000, longestMs: 30 };
    const start = { event: 0, metric: 0, log: 0, ended: false };
    const kinds = new Set(["event"] as const);
    let text = "";
    for await (const piece of streamJob(api.services.database, id, start, kinds, new AbortController().signal, times)) {
      text += piece;
    }
    expect(text).toContain("event: event");
    expect(text).not.toContain("event: end");
  });
});
