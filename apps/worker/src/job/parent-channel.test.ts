import { describe, expect, it } from "vitest";
import type { ChildMessage } from "../protocol.ts";
import { ParentChannel } from "./parent-channel.ts";

/** A process object whose messages are kept. */
function connect() {
  const sent: ChildMessage[] = [];
  const send = (message: ChildMessage, _handle: unknown, _options: unknown, done: (error: Error | null) => void) => {
    sent.push(message);
    done(null);
    return true;
  };
  return { sent, channel: new ParentChannel({ send } as unknown as NodeJS.Process) };
}

describe("ParentChannel", () => {
  it("sends 1000 lines of a burst in order and in few messages (field case 51)", () => {
    const { sent, channel } = connect();
    const expected = Array.from({ length: 1000 }, (_, i) => `line ${i}`);
    for (const line of expected) channel.log(line);
    channel.flush();
    expect(sent.flatMap((message) => (message.type === "logs" ? message.lines : []))).toEqual(expected);
    expect(sent.length).toBeLessThan(20);
  });

  it("sends what waits before the last word, and only the newest progress", async () => {
    const { sent, channel } = connect();
    channel.log("a\nb");
    channel.progress({ stage: "train", step: 1, of: 3 });
    channel.progress({ stage: "train", step: 2, of: 3 });
    await channel.send({ type: "stopped", step: 2 });
    expect(sent).toEqual([
      { type: "logs", lines: ["a", "b"] },
      // One step lay between the two, however long it took.
      { type: "usage", tensors: undefined, stepsMs: [expect.any(Number)] },
      { type: "progress", progress: { stage: "train", step: 2, of: 3 } },
      { type: "stopped", step: 2 },
    ]);
  });

  it("says null for a value that JSON cannot say", () => {
    const { sent, channel } = connect();
    channel.metric("train", { step: 4, values: { loss: Number.NaN, learningRate: 1e-3 } });
    channel.flush();
    expect(sent).toEqual([
      { type: "metrics", metrics: [{ stage: "train", step: 4, values: { loss: null, learningRate: 1e-3 } }] },
    ]);
  });
});
