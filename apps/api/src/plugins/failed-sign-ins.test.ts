import { expect, it } from "vitest";
import { FailedSignIns, TooManyRequests } from "./failed-sign-ins.ts";

it("hears an address again when its minute is over", () => {
  let nowMs = 0;
  const failures = new FailedSignIns(() => nowMs);
  for (let i = 0; i < 30; i++) failures.note("192.0.2.1", `guess ${i}`);
  nowMs = 45_500;
  expect(() => failures.requireFew("192.0.2.1")).toThrow(TooManyRequests);
  expect(() => failures.requireFew("192.0.2.1")).toThrow("Try again in 15 s.");
  nowMs = 60_000;
  failures.requireFew("192.0.2.1");
  failures.note("192.0.2.1", "one more");
  failures.requireFew("192.0.2.1");
});
