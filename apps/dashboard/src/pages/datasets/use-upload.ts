import { ProblemError } from "@drc/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { client } from "../../api/client.ts";
import { isSentInParts, sendInParts } from "../../api/send-in-parts.ts";
import type { GivenFile } from "./dropped-files.ts";

export interface UploadItem extends GivenFile {
  /** Of this one: the same file may be there twice. */
  number: number;
  state: "waiting" | "sending" | "stored" | "failed";
  sentBytes: number;
  error?: string;
}

export interface Upload {
  items: readonly UploadItem[];
  isSending: boolean;
  add(files: readonly GivenFile[]): void;
  /** Again, what failed; parts of large files that have arrived are not sent again. */
  retry(): void;
  stop(): void;
}

/** Of files that go together in one request. */
const BATCH_BYTES = 16_000_000;
const BATCH_FILES = 25;

/** Sends files into a dataset, one request after the other, and tells of each how far it is. */
export function useUpload(datasetId: string, onStored: () => void): Upload {
  const [items, setItems] = useState<readonly UploadItem[]>([]);
  const queue = useRef<UploadItem[]>([]);
  const running = useRef<AbortController | null>(null);
  const show = useCallback(() => setItems([...queue.current]), []);

  const run = useCallback(async () => {
    if (running.current) return;
    const controller = new AbortController();
    running.current = controller;
    for (;;) {
      const batch = nextBatch(queue.current);
      if (batch.length === 0 || controller.signal.aborted) break;
      const set = (change: Partial<UploadItem>) => {
        for (const item of batch) Object.assign(item, change);
        show();
      };
      set({ state: "sending", error: undefined });
      try {
        await send(datasetId, batch, controller.signal, (sentBytes) => set({ sentBytes }));
        for (const item of batch) Object.assign(item, { state: "stored", sentBytes: item.file.size });
        show();
        onStored();
      } catch (error) {
        const stopped = controller.signal.aborted;
        for (const item of batch)
          Object.assign(item, { state: "failed", error: stopped ? "Stopped." : reasonOf(error, item) });
        show();
      }
    }
    running.current = null;
    show();
  }, [datasetId, onStored, show]);

  const stop = useCallback(() => {
    running.current?.abort();
    for (const item of queue.current) {
      if (item.state === "waiting") Object.assign(item, { state: "failed", error: "Stopped." });
    }
    show();
  }, [show]);

  useEffect(() => () => running.current?.abort(), []);

  const add = (files: readonly GivenFile[]) => {
    const before = queue.current.length;
    queue.current.push(
      ...files.map((file, i): UploadItem => ({ ...file, number: before + i, state: "waiting", sentBytes: 0 })),
    );
    show();
    void run();
  };
  const retry = () => {
    for (const item of queue.current) if (item.state === "failed") item.state = "waiting";
    show();
    void run();
  };
  const isSending = items.some(({ state }) => state === "waiting" || state === "sending");
  return { items, isSending, add, retry, stop };
}

function nextBatch(queue: readonly UploadItem[]): UploadItem[] {
  const waiting = queue.filter(({ state }) => state === "waiting");
  const batch: UploadItem[] = [];
  let bytes = 0;
  for (const item of waiting) {
    const alone = isArchive(item.name) || isSentInParts(item.file);
    if (alone && batch.length > 0) break;
    if (batch.length > 0 && (batch.length === BATCH_FILES || bytes + item.file.size > BATCH_BYTES)) break;
    batch.push(item);
    bytes += item.file.size;
    // What is refused of an archive is told of that archive.
    if (alone) break;
  }
  return batch;
}

function isArchive(name: string): boolean {
  return /\.(zip|tar|tar\.gz|tgz)$/i.test(name);
}

async function send(
  datasetId: string,
  batch: readonly UploadItem[],
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> {
  const files = batch.map(({ name, file }) => ({ name, data: file }));
  const [first] = files;
  if (!isSentInParts(first.data)) {
    await client.datasets.upload(datasetId, files, { signal });
    return;
  }
  const { id } = await sendInParts(first.name, first.data, signal, onSent);
  await client.datasets.addUploads(datasetId, [{ uploadId: id, name: first.name }], { signal });
}

/** What the server says about this file, or about the request as a whole. */
function reasonOf(error: unknown, { name }: UploadItem): string {
  if (error instanceof ProblemError) {
    return error.errors.find(({ file }) => file === name)?.detail ?? error.problem.detail;
  }
  return error instanceof Error ? error.message : String(error);
}
