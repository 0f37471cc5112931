import { makeJobError, mayFollow } from "@drc/contracts";
import { expect, it } from "vitest";
import { type AttemptEnd, jobAfterAttempt, retryDelayMs } from "./attempt-end.ts";

const STATES = ["running", "pausing", "cancelling"] as const;
const crash: AttemptEnd = { type: "failed", error: makeJobError("WORKER_CRASHED", "It crashed.") };
const diverged: AttemptEnd = { type: "failed", error: makeJobError("TRAINING_DIVERGED", "It diverged.") };
const stopped: AttemptEnd = { type: "stopped" };
const tried = (chargedCount: number) => ({ chargedCount, maxAttempts: 3 });
const succeeded: AttemptEnd = { type: "succeeded" };

it.each([
  [succeeded, ["succeeded", "succeeded", "succeeded"]],
  [diverged, ["failed", "failed", "failed"]],
  [crash, ["queued", "paused", "cancelled"]],
  [stopped, ["queued", "paused", "cancelled"]],
])("%o leaves a job that is running, pausing or cancelling %s", (end, states) => {
  expect(STATES.map((state) => jobAfterAttempt(state, end, tried(0)).to)).toEqual(states);
});

it("only ever asks for transitions that the table allows", () => {
  for (const state of STATES) {
    for (const end of [succeeded, diverged, crash, stopped]) {
      for (const chargedCount of [0, 1, 2, 5])
        expect(mayFollow(state, jobAfterAttempt(state, end, tried(chargedCount)).to)).toBe(true);
    }
  }
});

it("gives up after as many charged attempts as the job may have, and says so", () => {
  expect([0, 1, 2].map((charged) => jobAfterAttempt("running", crash, tried(charged)).to)).toEqual([
    "queued",
    "queued",
    "failed",
  ]);
  expect(jobAfterAttempt("running", crash, tried(2)).error?.detail).toBe("It crashed. It was tried 3 times.");
  expect(jobAfterAttempt("running", stopped, tried(5))).toMatchObject({ to: "queued", charged: false });
});

it("waits longer each time, at most five minutes", () => {
  expect([1, 2, 3, 9].map(retryDelayMs)).toEqual([2_000, 8_000, 32_000, 300_000]);
});
