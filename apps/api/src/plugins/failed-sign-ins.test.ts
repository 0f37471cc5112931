import { expect, it } from "vitest";
import { FailedSignIns, TooManyRequests } from "./failed-sign-ins.ts";

it("hears an address again when its minute is over", () => {
  let nowMs = 0;
  const failures = new FailedSignIns(() => nowMs);
  for (let i = 0; i < 30; i++) failures.note("192.0.2.1", `guess ${i}`);
  nowMs = 45_500;
  expect(() => failures.requireFew("192.0.2.1", "right")).toThrow(TooManyRequests);
  expect(() => failures.requireFew("192.0.2.1", "right")).toThrow("Try again in 15 s.");
  nowMs = 60_000;
  failures.requireFew("192.0.2.1", "right");
  failures.note("192.0.2.1", "one more");
  failures.requireFew("192.0.2.1", "right");
});

it("hears one and the same wrong key 30 times in a minute, and other keys beside it", () => {
  let nowMs = 0;
  const failures = new FailedSignIns(() => nowMs);
  for (let i = 0; i < 30; i++) {
    failures.requireFew("192.0.2.1", "old");
    failures.note("192.0.2.1", "old");
  }
  expect(() => failures.requireFew("192.0.2.1", "old")).toThrow("The same API key or session");
  failures.requireFew("192.0.2.1", "right");
  failures.requireFew("192.0.2.2", "old");
  nowMs = 60_000;
  failures.requireFew("192.0.2.1", "old");
});
