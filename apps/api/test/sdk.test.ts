import { createHash, createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { makeJobError, type StreamItem } from "@drc/contracts";
import { claimJob, endAttempt, type Lease, recordLogs } from "@drc/database";
import { createModel, decodeModel, encodeModel } from "@drc/network";
import {
  ConnectionError,
  DrcClient,
  ProblemError,
  UnexpectedAnswerError,
  verifyWebhook,
  WebhookVerificationError,
} from "@drc/sdk";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeKey, readyDataset, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
let url: string;
let drc: DrcClient;
beforeAll(async () => {
  api = await startApi();
  url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  drc = new DrcClient({ url, key: api.key });
});
afterAll(() => api.stop());

const QUICK = { attempts: 4, firstDelayMs: 5, longestDelayMs: 1_000 };

/** The real `fetch`, which notes what is asked and may spoil some of it. */
function watchedFetch(spoil: (n: number, send: () => Promise<Response>) => Promise<Response>) {
  const requests: { method: string; path: string; headers: Headers }[] = [];
  const watched: typeof fetch = (input, init) => {
    const request = new Request(input as string, init);
    requests.push({ method: request.method, path: new URL(request.url).pathname, headers: request.headers });
    return spoil(requests.length, () => fetch(input as string, init));
  };
  return { requests, fetch: watched };
}

const refuse = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }));

async function runningJob(): Promise<{ id: string; lease: Lease }> {
  const dataset = await readyDataset(api, 4, [{ width: 200, height: 200 }]);
  const { id } = await drc.jobs.create({ kind: "evaluate", spec: { model: "bicubic", dataset } });
  const claimed = await claimJob(api.services.database, { jobId: id, dispatchNumber: 1, workerId: "w", device: "cpu" });
  return { id, lease: { jobId: id, leaseToken: claimed?.leaseToken ?? "" } };
}

const fail = (lease: Lease) =>
  endAttempt(api.services.database, lease, { type: "failed", error: makeJobError("JOB_FAILED", "It has failed.") });

describe("the client", () => {
  it("has every route of the API", async () => {
    const { requests, fetch: watched } = watchedFetch((_n, send) => send());
    const all = new DrcClient({ url, key: api.key, fetch: watched });
    // Most of these are refused: what counts is that the route is the one that is meant.
    const call = async (work: () => unknown): Promise<void> => {
      try {
        const answer = await work();
        if (answer && typeof answer === "object" && Symbol.asyncIterator in answer) {
          for await (const _ of answer as AsyncIterable<unknown>) break;
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProblemError);
      }
    };
    for (const group of [
      all.server,
      all.datasets,
      all.compressions,
      all.sweeps,
      all.jobs,
      all.models,
      all.uploads,
      all.webhooks,
      all.keys,
      all.session,
    ]) {
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(group)).filter((name) => name !== "constructor");
      for (const name of methods) {
        const method = (group as unknown as Record<string, (...given: unknown[]) => unknown>)[name];
        const upload =
          group === all.datasets && name === "upload" ? [{ name: "a.png", data: new Uint8Array([1]) }] : {};
        const first = name === "upload" && group === all.models ? { name: "m", data: new Uint8Array([1]) } : "none";
        const input =
          name.toLowerCase().endsWith("version") && name !== "createVersion"
            ? { datasetId: "none", version: 1 }
            : first;
        await call(() => method.call(group, input, name === "message" || name === "redeliver" ? "none" : upload));
      }
    }
    const asked = requests.map(({ method, path }) => `${method} ${path}`);
    const document = (await api.get("/openapi.json")).json<{ paths: Record<string, Record<string, object>> }>();
    const missing = Object.entries(document.paths).flatMap(([template, item]) =>
      Object.keys(item)
        .map((method) => `${method.toUpperCase()} ${template}`)
        .filter((route) => {
          const pattern = new RegExp(`^${route.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
          return route.includes(" /v1/") && !asked.some((one) => pattern.test(one));
        }),
    );
    expect(missing).toEqual([]);
  });

  it("asks for a sweep again and again, and is sent it where it has changed", async () => {
    const size = { width: 200, height: 200 };
    const dataset = await readyDataset(api, 4, [size, size]);
    const grid = { budgets: [{ of: "parameters" as const, remove: 0.3 }], methods: ["l1" as const] };
    const network = { blocks: 1, features: 8, scale: 4 as const };
    const { id } = await drc.sweeps.create({ dataset, network, evaluation: { dataset }, grid });
    const first = await drc.sweeps.poll(id);
    expect(first?.sweep).toEqual(await drc.sweeps.get(id));
    expect(await drc.sweeps.poll(id, first?.etag)).toBeNull();
    await drc.sweeps.pause(id);
    const changed = await drc.sweeps.poll(id, first?.etag);
    expect(changed?.sweep.state).toBe("paused");
    expect(changed?.etag).not.toBe(first?.etag);
    await drc.sweeps.cancel(id);
    expect((await drc.sweeps.wait(id)).state).toBe("cancelled");
  });

  it("creates, lists page by page, and downloads what was uploaded", async () => {
    const names = ["one", "two", "three"];
    for (const name of names) await drc.datasets.create({ name });
    const found: string[] = [];
    for await (const { name } of drc.datasets.list()) found.push(name);
    expect(found.slice(0, 3)).toEqual(names.toReversed());

    const model = createModel({ scale: 4, blocks: 1, features: 4, seed: 1 });
    const uploaded = await drc.models.upload(
      { name: "small.safetensors", data: new Uint8Array(encodeModel(model)) },
      { name: "small" },
    );
    expect(uploaded.name).toBe("small");
    const download = await drc.models.download(uploaded.id);
    expect(download.sizeBytes).toBe(uploaded.sizeBytes);
    const parts: Uint8Array[] = [];
    for await (const part of download.stream) parts.push(part);
    expect(decodeModel(Buffer.concat(parts)).primal.graph).toEqual(model.primal.graph);
  });

  it("sends a large file in parts past the API, and only what is missing", async () => {
    const data = Buffer.from(encodeModel(createModel({ scale: 2, blocks: 1, features: 6, seed: 3 })));
    const { requests, fetch: watched } = watchedFetch((_n, send) => send());
    const client = new DrcClient({ url, key: api.key, fetch: watched });
    const upload = await client.uploads.send({ name: "large.safetensors", data });
    expect(upload.state).toBe("complete");
    const puts = () => requests.filter(({ method }) => method === "PUT");
    expect(puts()).toHaveLength(1);
    expect(puts()[0].headers.get("authorization")).toBeNull();
    expect(await client.models.create({ uploadId: upload.id, name: "sent" })).toMatchObject({ name: "sent", scale: 2 });
    expect((await client.uploads.send({ name: "again.safetensors", data })).state).toBe("complete");
    expect(puts()).toHaveLength(1);
  });

  it("asks until an upload is complete that another request is at", async () => {
    const data = Buffer.from("bytes of an upload that takes long");
    const sha256 = createHash("sha256").update(data).digest("hex");
    const { id, parts } = await drc.uploads.create({ name: "slow.bin", sizeBytes: data.length, sha256 });
    await fetch(parts[0].url ?? "", { method: "PUT", body: data });
    const { presigned } = api.services;
    const examine = presigned.examine.bind(presigned);
    let go = () => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    presigned.examine = (open) => gone.then(() => examine(open));
    const first = drc.uploads.complete(id);
    await expect.poll(async () => (await drc.uploads.get(id)).state).toBe("completing");
    const { requests, fetch: watched } = watchedFetch((n, send) => {
      if (n === 2) go();
      return send();
    });
    const second = new DrcClient({ url, key: api.key, fetch: watched }).uploads.complete(id);
    expect([(await first).state, (await second).state]).toEqual(["complete", "complete"]);
    expect(requests.length).toBeGreaterThan(1);
    presigned.examine = examine;
  });

  it("makes one thing of a request that is sent again because its answer was lost (field case 46)", async () => {
    const { requests, fetch: watched } = watchedFetch(async (n, send) => {
      if (n === 1) return refuse();
      const answer = await send();
      if (n < 4) await answer.body?.cancel();
      return n === 2 ? refuse() : n === 3 ? new Response("busy", { status: 503 }) : answer;
    });
    const client = new DrcClient({ url, key: api.key, fetch: watched, retries: QUICK });
    const { id } = await client.datasets.create({ name: "once" });
    expect(requests).toHaveLength(4);
    expect(new Set(requests.map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
    const rows = await api.services.database.dataset.findMany({ where: { name: "once" } });
    expect(rows.map((row) => row.id)).toEqual([id]);
    await client.datasets.create({ name: "another" });
    expect(requests[4].headers.get("idempotency-key")).not.toBe(requests[0].headers.get("idempotency-key"));
  });

  it("takes what is gone at the second attempt for removed", async () => {
    const { id } = await drc.datasets.create({ name: "gone" });
    const { fetch: watched } = watchedFetch(async (n, send) => {
      const answer = await send();
      return n === 1 ? refuse() : answer;
    });
    const client = new DrcClient({ url, key: api.key, fetch: watched, retries: QUICK });
    await client.datasets.delete(id);
    await expect(client.datasets.delete(id)).rejects.toMatchObject({ status: 404 });
  });

  it("waits as long as the server asks, and not at all where that is too long", async () => {
    let retryAfter = "0";
    const { requests, fetch: watched } = watchedFetch(async (n, send) =>
      n % 2 === 1 ? new Response("slow down", { status: 429, headers: { "retry-after": retryAfter } }) : send(),
    );
    const client = new DrcClient({ url, key: api.key, fetch: watched, retries: { ...QUICK, firstDelayMs: 1e6 } });
    await client.datasets.list().next();
    expect(requests).toHaveLength(2);
    retryAfter = "3600";
    await expect(client.datasets.list().next()).rejects.toThrow(UnexpectedAnswerError);
    expect(requests).toHaveLength(3);
  });

  it("repeats nothing that is not safe to repeat, and no refusal", async () => {
    const { requests, fetch: watched } = watchedFetch((n, send) => (n === 1 ? refuse() : send()));
    const client = new DrcClient({ url, key: api.key, fetch: watched, retries: QUICK });
    await expect(client.session.signIn(api.key)).rejects.toThrow(/does not answer \(connect ECONNREFUSED\)/);
    expect(requests).toHaveLength(1);
    const refused = await client.datasets.create({ name: "" }).catch((error) => error);
    expect(refused).toBeInstanceOf(ProblemError);
    expect(refused).toMatchObject({ status: 422, code: "VALIDATION_FAILED", errors: [{ pointer: "/name" }] });
    expect(requests).toHaveLength(2);
  });

  it("sends nothing again where a limit is reached that waiting does not lift", async () => {
    const { key } = await makeKey(api, { name: "full", limits: { queuedJobs: 1 } });
    const { requests, fetch: watched } = watchedFetch((_n, send) => send());
    const client = new DrcClient({ url, key, fetch: watched, retries: QUICK });
    const dataset = await readyDataset(api, 4, [{ width: 200, height: 200 }]);
    const job = { kind: "evaluate", spec: { model: "bicubic", dataset } } as const;
    await client.jobs.create(job);
    const refused = await client.jobs.create(job).catch((error) => error);
    expect(refused).toMatchObject({ status: 429, code: "QUOTA_EXCEEDED" });
    expect(requests).toHaveLength(2);
  });

  it("sends a pause and a cancellation again whose answer was lost", async () => {
    const { id } = await runningJob();
    const { requests, fetch: watched } = watchedFetch(async (n, send) => {
      const answer = await send();
      return n % 2 === 1 ? refuse() : answer;
    });
    const client = new DrcClient({ url, key: api.key, fetch: watched, retries: QUICK });
    expect(await client.jobs.pause(id)).toMatchObject({ id, state: "pausing" });
    expect(await client.jobs.cancel(id)).toMatchObject({ id, state: "cancelling" });
    expect(requests).toHaveLength(4);
  });

  it("stops where its signal is aborted", async () => {
    const client = new DrcClient({
      url,
      key: api.key,
      fetch: refuse,
      retries: { ...QUICK, firstDelayMs: 1e5, longestDelayMs: 1e6 },
    });
    const controller = new AbortController();
    const waiting = client.server.readiness({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  it("signs a browser in, and acts with its session", async () => {
    let cookie = "";
    const browser: typeof fetch = async (input, init) => {
      const headers = new Headers(init?.headers);
      if (cookie) headers.set("cookie", cookie);
      const answer = await fetch(input as string, { ...init, headers });
      cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return answer;
    };
    const client = new DrcClient({ url, fetch: browser });
    await client.session.signIn(api.key);
    expect((await client.datasets.create({ name: "by hand" })).name).toBe("by hand");
    await client.session.signOut();
    await expect(client.datasets.create({ name: "later" })).rejects.toMatchObject({ status: 401 });
  });
});

describe("a job's stream", () => {
  it("goes on over lost connections with no line lost and none twice (field case 51)", async () => {
    const { id, lease } = await runningJob();
    const lines = Array.from({ length: 1000 }, (_, i) => `line ${i}`);
    let connections = 0;
    // Each answer breaks off after some of its bytes, mostly within an item.
    const breaking: typeof fetch = async (input, init) => {
      const answer = await fetch(input as string, init);
      connections++;
      let left = 20_001;
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, controller) {
          controller.enqueue(piece.subarray(0, left));
          left -= piece.length;
          if (left <= 0) controller.error(new TypeError("terminated"));
        },
      });
      return new Response(answer.body!.pipeThrough(cut), answer);
    };
    const client = new DrcClient({ url, key: api.key, fetch: breaking, retries: QUICK });
    const writing = (async () => {
      for (let i = 0; i < lines.length; i += 50) await recordLogs(api.services.database, lease, lines.slice(i, i + 50));
      await fail(lease);
    })();
    const items: StreamItem[] = [];
    for await (const item of client.jobs.stream(id, { kinds: ["log"] })) items.push(item);
    await writing;
    expect(connections).toBeGreaterThan(4);
    expect(items.flatMap((item) => (item.type === "log" ? [item.data.line] : []))).toEqual(lines);
    expect(items.at(-1)).toMatchObject({ type: "end", data: { state: "failed" } });
  });

  it("gives a job, and a compression, when they have ended", async () => {
    const { id, lease } = await runningJob();
    const waiting = drc.jobs.wait(id);
    await fail(lease);
    expect(await waiting).toMatchObject({ id, state: "failed", error: { detail: "It has failed." } });

    const dataset = await readyDataset(api, 4, Array(2).fill({ width: 200, height: 200 }));
    const network = { blocks: 1, features: 8, scale: 4 as const };
    const compression = await drc.compressions.create({ dataset, network, budget: { of: "parameters", remove: 0.3 } });
    const ended = drc.compressions.wait(compression.id);
    await drc.compressions.cancel(compression.id);
    expect((await ended).state).toBe("cancelled");
  });

  it("gives up where the server stays away", async () => {
    const client = new DrcClient({ url: "http://127.0.0.1:1", key: api.key, retries: QUICK });
    await expect(client.jobs.stream("job_1").next()).rejects.toThrow(ConnectionError);
  });
});

describe("an answer of something else than the server", () => {
  let other: Server;
  beforeAll(async () => {
    other = createServer((_request, response) => response.writeHead(404).end("<h1>nothing here</h1>"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => new Promise((resolve) => other.close(resolve)));

  it("is told as it is", async () => {
    const client = new DrcClient({ url: `http://127.0.0.1:${(other.address() as AddressInfo).port}/`, key: api.key });
    await expect(client.datasets.get("ds_1")).rejects.toThrow(/answered with status 404: <h1>nothing here/);
  });
});

describe("verifyWebhook", () => {
  const secret = `whsec_${Buffer.from("a secret of thirty-two bytes....").toString("base64")}`;
  const body = JSON.stringify({ type: "job.succeeded" });
  const signed = (at = Math.floor(Date.now() / 1000)) => {
    const key = Buffer.from(secret.slice(6), "base64");
    const signature = createHmac("sha256", key).update(`msg_1.${at}.${body}`).digest("base64");
    return { "webhook-id": "msg_1", "webhook-timestamp": String(at), "webhook-signature": `v1,AAAA v1,${signature}` };
  };

  it("gives the body of a message that is signed with the secret", async () => {
    expect(await verifyWebhook(secret, signed(), body)).toEqual({ type: "job.succeeded" });
    expect(await verifyWebhook(secret, new Headers(signed()), new TextEncoder().encode(body))).toBeTruthy();
  });

  it.each([
    ["another body", () => [secret, signed(), `${body} `]],
    ["another secret", () => [`whsec_${btoa("x".repeat(32))}`, signed(), body]],
    ["an old message", () => [secret, signed(1_600_000_000), body]],
    ["a secret that is none", () => ["whsec_", signed(), body]],
    ["a secret that is no base64", () => ["whsec_%%%", signed(), body]],
    ["no signature", () => [secret, { ...signed(), "webhook-signature": undefined }, body]],
  ] as [string, () => Parameters<typeof verifyWebhook>][])("refuses %s", async (_what, given) => {
    await expect(verifyWebhook(...given())).rejects.toThrow(WebhookVerificationError);
  });
});

it("runs in browsers: it imports nothing of Node and no package", async () => {
  const { metafile } = await build({
    entryPoints: ["packages/sdk/src/index.ts"],
    bundle: true,
    write: false,
    platform: "browser",
    format: "esm",
    metafile: true,
  });
  const [output] = Object.values(metafile.outputs);
  expect(output.imports).toEqual([]);
  expect(Object.keys(metafile.inputs).filter((input) => !input.startsWith("packages/sdk/"))).toEqual([]);
});
