/** The rule that leaves out the fine-tuning of points. */
import type { SweepDetailResource, SweepPointResource } from "@drc/contracts";
import { settleBlocked } from "@drc/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jobsOf, SMALL, startTestSweeps, type TestSweeps } from "./support/sweeps.ts";

let sweeps: TestSweeps;

beforeAll(async () => {
  sweeps = await startTestSweeps();
});
afterAll(() => sweeps.api.stop());

/** Prunes a point's network, and gives it that PSNR before its fine-tuning. */
async function measurePruned({ stages }: SweepPointResource, psnr: number): Promise<void> {
  await sweeps.succeed(stages.prune);
  await sweeps.succeed(stages.evaluatePruned, [psnr, psnr]);
}

describe("the rule that stops points early", () => {
  it.each([
    [{ psnrBelow: 26 }, /has 25\.00 dB before its fine-tuning; the rule asks for 26 dB/],
    [{ belowBicubic: 2 }, /the rule asks for 2 dB below bicubic \(28\.50 dB\) or more/],
  ])(
    "%j cancels the fine-tuning of what is under it, for all seeds, and lets the others go on",
    async (stopWhen, reason) => {
      const sweep = await sweeps.create({ stopWhen, grid: { ...SMALL, methods: ["l1", "fpgm"], seeds: [1, 2] } });
      await sweeps.succeedShared(sweep);
      const [poor, , good, other] = sweep.points;
      await sweeps.succeed(poor.stages.search);
      await measurePruned(poor, 25);
      await measurePruned(good, 27);
      while ((await settleBlocked(sweeps.api.services.database)) > 0);
      const judged = await sweeps.read(sweep.id);
      expect(judged.points.map(({ state }) => state)).toEqual(["stopped", "stopped", "running", "running"]);
      expect(judged.points[1].stateReason).toMatch(reason);
      for (const { stages } of [good, other]) {
        await sweeps.succeed(stages.fineTune);
        await sweeps.succeed(stages.evaluateCompressed);
      }
      const ended = await sweeps.read(sweep.id);
      expect(ended).toMatchObject({ state: "succeeded", pointStates: { stopped: 2, succeeded: 2 } });
      // Nothing of it has failed.
      expect((await sweeps.api.post(`/v1/sweeps/${sweep.id}/retry`)).statusCode).toBe(409);
    },
  );
});

describe("a rule that stops points early, and retries", () => {
  const stopWhen = { psnrBelow: 26 };
  const grid = { ...SMALL, methods: ["l1", "fpgm"] };

  it("what stopped points have in common with others is retried for them too", async () => {
    const sweep = await sweeps.create({ stopWhen, grid });
    const [poor, good] = sweep.points;
    await sweeps.succeed(poor.stages.train);
    await sweeps.succeed(poor.stages.evaluateBicubic);
    await sweeps.succeed(poor.stages.search);
    await measurePruned(poor, 25);
    await measurePruned(good, 27);
    await sweeps.succeed(good.stages.fineTune);
    await sweeps.succeed(good.stages.evaluateCompressed);
    await sweeps.fail(poor.stages.evaluateOriginal);
    expect(await sweeps.read(sweep.id)).toMatchObject({ state: "failed", pointStates: { failed: 2 } });
    const retried = (await sweeps.api.post(`/v1/sweeps/${sweep.id}/retry`)).json<SweepDetailResource>();
    expect(retried.points.map(({ state }) => state)).toEqual(["stopped", "running"]);
    expect(retried.points[0].stages.fineTune).toBe(poor.stages.fineTune);
    expect(jobsOf(retried, "evaluateOriginal").size).toBe(1);
    await sweeps.succeed(retried.points[0].stages.evaluateOriginal, [31, 32], 2000);
    const ended = await sweeps.read(sweep.id);
    expect(ended).toMatchObject({ state: "succeeded", original: { quality: { psnr: 31.5 } } });
    expect(ended.pointStates).toMatchObject({ stopped: 1, succeeded: 1 });
  });

  it("a fine-tuning that was cancelled before the rule was asked has it before it still", async () => {
    const sweep = await sweeps.create({ stopWhen, grid: SMALL });
    const [{ stages }] = sweep.points;
    await sweeps.succeedShared(sweep);
    await sweeps.succeed(stages.search);
    await sweeps.succeed(stages.prune);
    await sweeps.api.post(`/v1/sweeps/${sweep.id}/pause`);
    await sweeps.api.post(`/v1/jobs/${stages.evaluatePruned}/resume`);
    await sweeps.succeed(stages.evaluatePruned, [25, 25]);
    await sweeps.api.post(`/v1/sweeps/${sweep.id}/cancel`);
    const retried = (await sweeps.api.post(`/v1/sweeps/${sweep.id}/retry`)).json<SweepDetailResource>();
    expect(retried.points[0].stages.fineTune).not.toBe(stages.fineTune);
    while ((await settleBlocked(sweeps.api.services.database)) > 0);
    expect(await sweeps.read(sweep.id)).toMatchObject({ state: "succeeded", pointStates: { stopped: 1 } });
  });
});
