/** Sweeps that are changed, cancelled, paused, retried, listed and deleted. */
import type { SweepDetailResource } from "@drc/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SMALL, startTestSweeps, type TestSweeps } from "./support/sweeps.ts";

let sweeps: TestSweeps;

beforeAll(async () => {
  sweeps = await startTestSweeps();
});
afterAll(() => sweeps.api.stop());

describe("what can be done with a sweep", () => {
  it("the largest one is tried out, changed and cancelled in a few statements", async () => {
    const { database } = sweeps.api.services;
    const many = Array.from({ length: 100 }, (_, i) => ({ of: "parameters", remove: 0.005 + i * 0.003 }));
    const largest = {
      network: { blocks: 1, features: 32, scale: 4 },
      grid: { budgets: many, methods: ["l1", "fpgm", "taylor", "second-order", "random"] },
    };
    const dry = await sweeps.submit(largest, "?dryRun=true");
    expect(dry.statusCode, dry.body.slice(0, 500)).toBe(200);
    const { jobs } = dry.json();
    const last = jobs.findLast(({ kind }: { kind: string }) => kind === "fine-tune");
    const [pruning] = last.waitsFor;
    expect(jobs[pruning].kind).toBe("prune");
    expect(last.spec.model).toEqual({ fromJob: `#${pruning}` });
    expect(last.multiplyAdds).toBeGreaterThan(0);

    const events = ["job.cancelled", "sweep.cancelled"];
    const webhook = (await sweeps.api.post("/v1/webhooks", { url: "http://127.0.0.1:9/", events })).json();
    const { id, jobs: made } = await sweeps.create(largest);
    expect(made.total).toBe(jobs.length);
    const patch = { method: "PATCH", url: `/v1/sweeps/${id}`, payload: { priority: 7, labels: ["largest"] } } as const;
    expect((await sweeps.api.send(patch)).statusCode).toBe(200);
    expect(await database.job.count({ where: { sweepId: id, priority: 7, labelled: { some: {} } } })).toBe(made.total);
    const { jobId } = await sweeps.claim((await sweeps.read(id)).points[0].stages.train ?? "");
    expect((await sweeps.api.post(`/v1/sweeps/${id}/cancel`)).json()).toMatchObject({ state: "running" });
    const left = await database.job.findMany({ where: { sweepId: id, state: { not: "cancelled" } } });
    expect(left.map((job) => [job.id, job.state])).toEqual([[jobId, "cancelling"]]);
    const [{ transactions }] = await database.$queryRaw<[{ transactions: bigint }]>`
      SELECT count(DISTINCT xmin::text) AS transactions FROM "Job" WHERE "sweepId" = ${id}`;
    expect(Number(transactions)).toBeLessThan(10);
    const told = await database.webhookMessage.count({ where: { endpointId: webhook.id } });
    expect(told).toBe(made.total - 1);
    const written = await database.jobEvent.count({ where: { job: { sweepId: id }, type: "job.cancelled" } });
    expect(written).toBe(made.total - 1);
  }, 120_000);

  it("a point that fails leaves the others alone, and is retried with what it needs", async () => {
    const events = ["sweep.succeeded", "sweep.failed", "sweep.cancelled"];
    const webhook = (await sweeps.api.post("/v1/webhooks", { url: "http://127.0.0.1:9/", events })).json();
    const sweep = await sweeps.create({ grid: { ...SMALL, methods: ["l1", "fpgm"] } });
    await sweeps.succeedShared(sweep);
    const [first, second] = sweep.points;
    await sweeps.succeed(first.stages.search);
    await sweeps.fail(first.stages.prune);
    expect((await sweeps.read(sweep.id)).points.map(({ state }) => state)).toEqual(["failed", "running"]);
    for (const stage of ["prune", "evaluatePruned", "fineTune", "evaluateCompressed"] as const) {
      await sweeps.succeed(second.stages[stage]);
    }
    const ended = await sweeps.read(sweep.id);
    expect(ended).toMatchObject({ state: "failed", pointStates: { failed: 1, succeeded: 1 } });
    expect(ended.points[0].error).toMatchObject({ code: "JOB_FAILED" });

    const retried = (await sweeps.api.post(`/v1/sweeps/${sweep.id}/retry`)).json<SweepDetailResource>();
    expect(retried).toMatchObject({ state: "running", endedAt: null });
    expect(retried.points[1].stages).toEqual(second.stages);
    const [{ stages }] = retried.points;
    expect(stages.search).toBe(first.stages.search);
    expect(new Set([stages.prune, stages.fineTune, stages.evaluateCompressed, stages.evaluatePruned]).size).toBe(4);
    expect(Object.values(first.stages)).not.toContain(stages.prune);
    for (const stage of ["prune", "evaluatePruned", "fineTune", "evaluateCompressed"] as const) {
      await sweeps.succeed(stages[stage]);
    }
    expect(await sweeps.read(sweep.id)).toMatchObject({ state: "succeeded" });
    const told = (await sweeps.api.get(`/v1/webhooks/${webhook.id}/messages`)).json().items;
    expect(told.map(({ type }: { type: string }) => type)).toEqual(["sweep.succeeded", "sweep.failed"]);
    const failed = (await sweeps.api.get(`/v1/webhooks/${webhook.id}/messages/${told[1].id}`)).json();
    expect(JSON.parse(failed.body).data).toMatchObject({
      id: sweep.id,
      kind: "sweep",
      sweepId: sweep.id,
      path: `/v1/sweeps/${sweep.id}`,
      result: { points: { failed: 1, succeeded: 1 } },
    });
  });

  it("pauses and goes on, is cancelled once and for all, listed by state and label, and deleted", async () => {
    const { id, jobs } = await sweeps.create({ labels: ["of-this-test"] });
    const state = async (verb: string) => (await sweeps.api.post(`/v1/sweeps/${id}/${verb}`)).json().state;
    const listed = async (query: string) =>
      (await sweeps.api.get(`/v1/sweeps?label=of-this-test&${query}`)).json().items.length;
    expect(await state("pause")).toBe("paused");
    expect([await listed("state=paused"), await listed("state=running")]).toEqual([1, 0]);
    expect(await state("resume")).toBe("running");
    expect((await sweeps.api.remove(`/v1/sweeps/${id}`)).statusCode).toBe(409);
    expect(await state("cancel")).toBe("cancelled");
    expect((await sweeps.api.post(`/v1/sweeps/${id}/cancel`)).statusCode).toBe(202);
    expect((await sweeps.api.post(`/v1/sweeps/${id}/pause`)).statusCode).toBe(409);
    const cancelled = await sweeps.read(id);
    expect(cancelled).toMatchObject({ jobs: { total: jobs.total, ended: jobs.total }, pointStates: { cancelled: 3 } });
    expect(cancelled.endedAt).not.toBeNull();
    expect([await listed("state=cancelled"), await listed("state=paused")]).toEqual([1, 0]);
    expect((await sweeps.api.remove(`/v1/sweeps/${id}`)).statusCode).toBe(204);
    expect((await sweeps.api.get(`/v1/sweeps/${id}`)).statusCode).toBe(404);
    expect(await sweeps.api.services.database.job.count({ where: { sweepId: id } })).toBe(0);
  });
});
