import type { StreamItem, StreamKind } from "@drc/contracts";
import { ConnectionError } from "./errors.ts";
import { delayMs, pause } from "./retry.ts";
import type { RequestOptions, Transport } from "./transport.ts";

interface ServerSentEvent {
  id?: string;
  event?: string;
  data: string;
}

/** Server-sent events of a body; an event that is not whole when the body ends is not given. */
export async function* readServerSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event) yield event;
      }
    }
  } finally {
    // Whoever stops reading hangs up.
    await reader.cancel().catch(() => {});
  }
}

function parseBlock(block: string): ServerSentEvent | undefined {
  const found: ServerSentEvent = { data: "" };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "data") data.push(value);
    if (field === "id") found.id = value;
    if (field === "event") found.event = value;
  }
  return data.length === 0 ? undefined : { ...found, data: data.join("\n") };
}

interface FollowOptions extends RequestOptions {
  kinds?: readonly StreamKind[];
  after?: string;
}

/**
 * The items of a job's stream to its `end`, over as many connections as it takes. Throws `ConnectionError` where the
 * server is away for all attempts in a row, and `ProblemError` where it refuses.
 */
export async function* followStream(
  transport: Transport,
  path: string,
  { kinds, after, signal }: FollowOptions,
): AsyncGenerator<StreamItem, void, void> {
  const { retryOptions } = transport;
  let cursor = after ?? "e0.m0.l0";
  let failures = 0;
  for (;;) {
    const response = await transport.send("GET", path, {
      signal,
      query: { kinds: kinds?.join(","), after: cursor },
      headers: { accept: "text/event-stream" },
    });
    // Who has the end already is told that nothing follows.
    if (response.status === 204 || response.body === null) return;
    let lost: unknown;
    try {
      for await (const { id, event, data } of readServerSentEvents(response.body)) {
        failures = 0;
        if (id !== undefined) cursor = id;
        const item = { type: event, cursor, data: JSON.parse(data) } as StreamItem;
        yield item;
        if (item.type === "end") return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      lost = error;
    }
    failures += lost === undefined ? 0 : 1;
    if (failures >= retryOptions.attempts) throw new ConnectionError(transport.url, lost);
    await pause(delayMs(retryOptions, Math.max(1, failures)), signal);
  }
}
