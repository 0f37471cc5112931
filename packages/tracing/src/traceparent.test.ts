import { expect, it } from "vitest";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";

it("reads what it writes, and nothing that is no parent", () => {
  const text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const parsed = parseTraceparent(text);
  expect(parsed).toEqual({ traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true });
  if (parsed) expect(formatTraceparent(parsed)).toBe(text);
  const wrong = [
    undefined,
    null,
    "",
    text.toUpperCase(),
    `${text}-more`,
    text.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0".repeat(32)),
    text.replace("00f067aa0ba902b7", "0".repeat(16)),
  ];
  for (const one of wrong) expect(parseTraceparent(one)).toBeUndefined();
});
