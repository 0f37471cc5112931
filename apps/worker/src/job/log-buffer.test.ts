import { describe, expect, it } from "vitest";
import type { LogLine } from "../protocol.ts";
import { LogBuffer } from "./log-buffer.ts";

function collect(maxBytes: number) {
  const batches: { lines: LogLine[]; truncated: boolean }[] = [];
  const buffer = new LogBuffer(maxBytes, (lines, truncated) => batches.push({ lines, truncated }));
  return { batches, buffer, texts: () => batches.flatMap((batch) => batch.lines.map(({ line }) => line)) };
}

describe("LogBuffer", () => {
  it("keeps 1000 lines of a burst in order (field case 51)", () => {
    const { buffer, batches, texts } = collect(1 << 20);
    const expected = Array.from({ length: 1000 }, (_, i) => `line ${i}`);
    for (const line of expected) buffer.add(line);
    buffer.flush();
    expect(texts()).toEqual(expected);
    expect(batches.length).toBeLessThan(20);
    expect(batches.some(({ truncated }) => truncated)).toBe(false);
  });

  it("drops what is beyond the cap and says so once (field case 51)", () => {
    const { buffer, batches, texts } = collect(25);
    for (let i = 0; i < 100; i++) buffer.add("ten bytes!");
    buffer.flush();
    expect(texts()).toEqual(["ten bytes!", "ten bytes!"]);
    expect(batches.filter(({ truncated }) => truncated)).toHaveLength(1);
    expect(batches.at(-1)?.truncated).toBe(true);
  });

  it("splits text with line ends", () => {
    const { buffer, texts } = collect(1000);
    buffer.add("a\nb");
    buffer.flush();
    expect(texts()).toEqual(["a", "b"]);
  });
});
