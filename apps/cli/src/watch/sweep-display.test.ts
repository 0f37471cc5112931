import { PassThrough } from "node:stream";
import type { SweepDetailResource, SweepPointResource } from "@drc/contracts";
import { expect, it } from "vitest";
import { PlainSweepDisplay, TerminalSweepDisplay } from "./sweep-display.ts";

function point(number: number, given: Partial<SweepPointResource> = {}): SweepPointResource {
  return {
    number,
    budget: { of: "parameters", remove: number / 10 },
    method: "l1",
    seed: 1,
    state: "waiting",
    stateReason: null,
    progress: null,
    error: null,
    stages: {} as SweepPointResource["stages"],
    modelId: null,
    trainingSteps: null,
    removed: null,
    cost: null,
    quality: { pruned: null, compressed: null },
    ...given,
  };
}

const fineTuning = (number: number, step: number) =>
  point(number, {
    state: "running",
    progress: { stage: "fineTune", jobId: `job_${number}`, step, of: 100, secondsLeft: 65, stagesEnded: 5, stages: 8 },
  });
const done = (number: number) =>
  point(number, {
    state: "succeeded",
    quality: { pruned: { psnr: 25, ssim: 0.8 }, compressed: { psnr: 27.5, ssim: 0.9 } },
  });

function sweep(points: SweepPointResource[]): SweepDetailResource {
  const count = (state: string) => points.filter((one) => one.state === state).length;
  const states = ["waiting", "running", "paused", "succeeded", "stopped", "failed", "cancelled"];
  const pointStates = Object.fromEntries(states.map((state) => [state, count(state)]));
  return { points, pointStates, jobs: { total: 9, ended: 4 } } as unknown as SweepDetailResource;
}

function terminal(rows: number) {
  const stream = Object.assign(new PassThrough(), { rows, columns: 100 });
  const display = new TerminalSweepDisplay(stream as unknown as NodeJS.WriteStream);
  const update = (points: SweepPointResource[]) => {
    display.update(sweep(points));
    return String(stream.read());
  };
  return { update };
}

it("shows all points on a terminal, each on a line that is rewritten in place", () => {
  const { update } = terminal(24);
  const first = update([done(1), fineTuning(2, 10), point(3)]);
  const lines = first.replaceAll("\r", "").replaceAll("\x1b[K", "").trimEnd().split("\n");
  expect(lines).toEqual([
    "1 of 3 points done, 1 running; 4 of 9 jobs",
    "✓ parameters −10.0 %  l1  seed 1  27.50 dB (25.00 dB before fine-tuning)",
    "▸ parameters −20.0 %  l1  seed 1  fine-tune 10 of 100  1 min 05 s left",
    "· parameters −30.0 %  l1  seed 1  waits",
  ]);
  expect(update([done(1), done(2), fineTuning(3, 50)]).startsWith("\x1b[4A")).toBe(true);
});

it("shows those that are under way where not all points fit, and how many it leaves out", () => {
  const points = [done(1), done(2), done(3), done(4), fineTuning(5, 10), point(6)];
  const text = terminal(5).update(points);
  expect(text).toContain("▸ parameters −50.0 %");
  expect(text).toContain("· parameters −60.0 %");
  expect(text).not.toContain("−10.0 %");
  expect(text).toContain("and 4 more points");
});

it("elsewhere prints a line for each quarter of a stage and for each end, once", () => {
  const stream = new PassThrough();
  const display = new PlainSweepDisplay(stream);
  for (const step of [10, 11, 30, 30]) display.update(sweep([fineTuning(1, step), point(2)]));
  for (const _ of [1, 2]) display.update(sweep([done(1), point(2)]));
  expect(String(stream.read()).trimEnd().split("\n")).toEqual([
    expect.stringMatching(/^▸ parameters −10\.0 % .* fine-tune 10 of 100/),
    expect.stringMatching(/^▸ parameters −10\.0 % .* fine-tune 30 of 100/),
    expect.stringMatching(/^✓ parameters −10\.0 % .* 27\.50 dB/),
  ]);
});
