/** Means, differences and fronts of a sweep, as JSON and CSV. */
import type { SweepSummaryResource } from "@drc/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SMALL, startTestSweeps, type TestSweeps } from "./support/sweeps.ts";

let sweeps: TestSweeps;

beforeAll(async () => {
  sweeps = await startTestSweeps();
});
afterAll(() => sweeps.api.stop());

describe("the summary", () => {
  it("keeps budgets apart that differ in the multiple of their widths alone", async () => {
    const [budget] = SMALL.budgets;
    const grid = { ...SMALL, budgets: [budget, { ...budget, widthMultiple: 2 }] };
    const { id } = await sweeps.create({ grid });
    const { rows } = (await sweeps.api.get(`/v1/sweeps/${id}/summary`)).json<SweepSummaryResource>();
    expect(rows.map((row) => [row.budget.widthMultiple, row.others])).toEqual([
      [undefined, 1],
      [2, 1],
    ]);
    const [header, ...lines] = (await sweeps.api.get(`/v1/sweeps/${id}/summary?format=csv`)).body
      .trimEnd()
      .split("\r\n");
    const column = header.split(",").indexOf("budget_width_multiple");
    expect(lines.map((line) => line.split(",")[column])).toEqual(["", "2"]);
  });

  it("has the numbers that one computes by hand, and the same in CSV", async () => {
    const sweep = await sweeps.create({
      grid: { ...SMALL, methods: ["l1", "fpgm", "taylor"], seeds: [1, 2] },
      baseline: "fpgm",
    });
    await sweeps.succeedShared(sweep);
    // Of each point: dB of two images before and after its fine-tuning.
    const measured = [
      { pruned: [26, 27], psnr: [30, 32], parameters: 1000 },
      { pruned: [26, 27], psnr: [30.2, 32.4], parameters: 1000 },
      { pruned: [25, 26], psnr: [29.9, 31.9], parameters: 1000 },
      { pruned: [25, 26], psnr: [30.1, 32.1], parameters: 1000 },
      { pruned: [24, 25], psnr: [30.11, 32.21], parameters: 1200 },
    ];
    const done = new Set<string>();
    const once = async (jobId: string | undefined, psnr: number[], parameters: number) => {
      if (!done.has(jobId ?? "")) await sweeps.succeed(jobId, psnr, parameters);
      done.add(jobId ?? "");
    };
    for (const [i, { pruned, psnr, parameters }] of measured.entries()) {
      const { stages } = sweep.points[i];
      await once(stages.search, [], parameters);
      await once(stages.prune, [], parameters);
      await once(stages.evaluatePruned, pruned, parameters);
      await once(stages.fineTune, [], parameters);
      await once(stages.evaluateCompressed, psnr, parameters);
    }
    await sweeps.fail(sweep.points[5].stages.fineTune);
    const summary = (await sweeps.api.get(`/v1/sweeps/${sweep.id}/summary`)).json<SweepSummaryResource>();
    expect(summary).toMatchObject({
      baseline: "fpgm",
      state: "failed",
      bicubic: { psnr: 28.5 },
      protocol: { border: 4 },
    });
    expect(summary.original?.quality.psnr).toBe(31.5);
    const [l1, fpgm, taylor] = summary.rows;
    // Means of 31 and 31.3, of 30.9 and 31.1.
    expect(l1.psnr.mean).toBeCloseTo(31.15, 10);
    expect(l1.psnr.standardDeviation).toBeCloseTo(Math.sqrt(2 * 0.15 ** 2), 10);
    expect(l1.prunedPsnr).toEqual({ mean: 26.5, standardDeviation: 0 });
    expect(l1.removedShare).toEqual({ mean: 0.29, standardDeviation: 0 });
    expect([l1.seeds, l1.others, taylor.seeds, taylor.others]).toEqual([2, 0, 1, 1]);
    // Images: 30.1 against 30.0, 32.2 against 32.0.
    expect(l1.toBaseline?.psnr).toBeCloseTo(0.15, 10);
    expect(l1.toBaseline?.standardError).toBeCloseTo(0.05, 10);
    expect(l1.toBaseline).toMatchObject({ images: 2, verdict: "better" });
    expect(fpgm.toBaseline).toBeNull();
    // 30.1 against 31, 32.2 against 32: of one image and of the other opposite things.
    expect(l1.toOriginal?.psnr).toBeCloseTo(-0.35, 10);
    expect(l1.toOriginal?.verdict).toBe("unclear");
    expect(taylor.psnr).toEqual({ mean: expect.closeTo(31.16, 10), standardDeviation: null });
    const flags = summary.rows.map(({ pareto }) => pareto.parameters);
    expect(flags).toEqual([true, false, true]);

    const csv = await sweeps.api.get(`/v1/sweeps/${sweep.id}/summary?format=csv`);
    expect(csv.headers["content-type"]).toMatch(/^text\/csv/);
    const [header, ...lines] = csv.body
      .trimEnd()
      .split("\r\n")
      .map((line) => line.split(","));
    const cell = (line: string[], column: string) => line[header.indexOf(column)];
    expect(lines).toHaveLength(3);
    expect(Number(cell(lines[0], "psnr_db"))).toBe(l1.psnr.mean);
    expect(Number(cell(lines[0], "to_baseline_db"))).toBe(l1.toBaseline?.psnr);
    expect([cell(lines[1], "to_baseline"), cell(lines[2], "psnr_db_sd")]).toEqual(["", ""]);
  });
});
