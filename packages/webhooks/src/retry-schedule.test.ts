import { expect, it } from "vitest";
import { parseRetryAfter, RETRY_DELAYS_MS, retryDelayMs } from "./retry-schedule.ts";

it("has the specification's ten attempts within 76 hours", () => {
  expect(RETRY_DELAYS_MS.map((delayMs) => delayMs / 1000)).toEqual([
    5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
  ]);
});

it("adds up to a tenth to each delay, and ends with the schedule", () => {
  expect(retryDelayMs([1_000, 2_000], 1, null, () => 0)).toBe(1_000);
  expect(retryDelayMs([1_000, 2_000], 2, null, () => 0.5)).toBe(2_100);
  expect(retryDelayMs([1_000, 2_000], 3, null, () => 0.5)).toBeNull();
  expect(retryDelayMs([1_000, 2_000], 3, 5_000)).toBeNull();
});

it("lets Retry-After put an attempt off, not forward, and by a day at most", () => {
  expect(retryDelayMs([1_000], 1, 5_000)).toBe(5_000);
  expect(retryDelayMs([1_000], 1, 5, () => 0)).toBe(1_000);
  expect(retryDelayMs([1_000], 1, 1e12)).toBe(86_400_000);
});

it("reads Retry-After in seconds and as a date", () => {
  const nowMs = Date.parse("2026-01-01T00:00:00Z");
  expect(parseRetryAfter("120", nowMs)).toBe(120_000);
  expect(parseRetryAfter("Thu, 01 Jan 2026 00:01:00 GMT", nowMs)).toBe(60_000);
  expect(parseRetryAfter("Wed, 31 Dec 2025 00:00:00 GMT", nowMs)).toBe(0);
  for (const header of [undefined, "", "soon", "-5x"]) expect(parseRetryAfter(header, nowMs)).toBeNull();
});
