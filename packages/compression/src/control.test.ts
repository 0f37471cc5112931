import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { StepClock } from "./control.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

/** What the clock says after each step, where the steps take so many seconds. */
function estimates(of: number, stepSeconds: readonly number[]): (number | undefined)[] {
  const clock = new StepClock(of);
  return stepSeconds.map((seconds, i) => {
    vi.advanceTimersByTime(seconds * 1000);
    return clock.secondsLeft(i + 1);
  });
}

it("judges the pace without the slow first step, from five further steps on", () => {
  expect(estimates(106, [43, 1, 1, 1, 1, 1])).toEqual([...Array(5).fill(undefined), 100]);
});

it("does not judge the pace from less than three seconds", () => {
  const found = estimates(31, Array(21).fill(0.2));
  expect(found.findIndex((left) => left !== undefined)).toBe(15);
  expect(found[20]).toBeCloseTo(0.2 * 10, 9);
});
