import { expect, it } from "vitest";
import { createCensor } from "./censor.ts";

const censor = createCensor([
  "postgresql://drc:pass%2Fword%22x@db:5432/drc",
  "redis://:a-long-secret@redis:6379",
  "http://s3:8333",
  "s3-secret-key",
  undefined,
  "drc",
]);

it("takes passwords out of texts in every form that they have there", () => {
  expect(censor('password pass/word"x, pass%2Fword%22x')).toBe("password [Redacted], [Redacted]");
  expect(censor(JSON.stringify({ args: ["default", 'pass/word"x'] }))).toBe('{"args":["default","[Redacted]"]}');
  expect(censor("AUTH a-long-secret at redis://:a-long-secret@redis:6379")).toBe(
    "AUTH [Redacted] at redis://:[Redacted]@redis:6379",
  );
  expect(censor("the secret s3-secret-key is wrong at http://s3:8333")).toBe(
    "the secret [Redacted] is wrong at http://s3:8333",
  );
});

it("takes them out of addresses that it does not know, and keeps the rest", () => {
  expect(censor("connect to redis://user:x@there:1/0 failed")).toBe(
    "connect to redis://user:[Redacted]@there:1/0 failed",
  );
  expect(censor("key drc_0123456789012345678901234567890123456789012")).toBe("key drc_[Redacted]");
  expect(censor("drc: http://127.0.0.1:8080/v1/jobs at 12:30:00 @home")).toBe(
    "drc: http://127.0.0.1:8080/v1/jobs at 12:30:00 @home",
  );
});

const LENGTH = 16 * 1024;
const BOUND_MS = 50;

it.each([
  ["letters", "a"],
  ["addresses without an end", "a://b:c"],
  ["colons", "://:"],
  ["schemes", "a."],
  ["passwords", "x:"],
  ["keys", "drc_"],
])("reads a line of 16 KB of %s in a time that grows with its length", (_what, part) => {
  const line = part.repeat(LENGTH / part.length);
  for (const text of [line, `http://${line}`, `http://user:${line}`]) {
    censor(text);
    const startedAtMs = performance.now();
    censor(text);
    censor(text);
    expect(performance.now() - startedAtMs).toBeLessThan(2 * BOUND_MS);
  }
});
