import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { type Database, type Lease, recordCheckpoint } from "@drc/database";
import type { BlobStore } from "@drc/storage";
import type { ChildMessage } from "./protocol.ts";
import { retry } from "./retry.ts";

type CheckpointFile = Extract<ChildMessage, { type: "checkpoint" }>;

/** In a manifest, the one file that a stage writes. */
export const CHECKPOINT_FILE = "checkpoint.safetensors";

export interface UploadEvents {
  /** Whether a failed upload is worth another try. */
  goOn(): boolean;
  onUploaded(tookMs: number): void;
  /** Is given each upload to run. */
  during(step: number, upload: () => Promise<void>): Promise<void>;
}

/**
 * Takes checkpoints to the store while the child computes on: the blob first, then the manifest, so that what the
 * database calls a checkpoint is always whole. A newer one overtakes those that still wait.
 */
export class CheckpointUploader {
  private readonly store: BlobStore;
  private readonly database: Database;
  private readonly lease: Lease;
  private readonly events: UploadEvents;
  private waiting: CheckpointFile | undefined;
  private uploading: Promise<void> | undefined;
  private failure: unknown;

  constructor(store: BlobStore, database: Database, lease: Lease, events: UploadEvents) {
    this.store = store;
    this.database = database;
    this.lease = lease;
    this.events = events;
  }

  /** Takes over the file; it is removed in the end. */
  add(file: CheckpointFile): void {
    const overtaken = this.waiting;
    this.waiting = file;
    if (overtaken) void rm(overtaken.path, { force: true });
    this.uploading ??= this.uploadAll();
  }

  /** Waits for what was added. Throws where a checkpoint could not be saved: that is never ignored. */
  async settle(): Promise<void> {
    await this.uploading;
    if (this.failure) throw this.failure;
  }

  private async uploadAll(): Promise<void> {
    try {
      for (let file = this.take(); file; file = this.take()) {
        const one = file;
        await this.events.during(one.step, () => this.upload(one));
      }
    } catch (error) {
      this.failure ??= error;
    } finally {
      this.uploading = undefined;
    }
  }

  private take(): CheckpointFile | undefined {
    const file = this.waiting;
    this.waiting = undefined;
    return file;
  }

  private async upload({ path, step, sha256, sizeBytes }: CheckpointFile): Promise<void> {
    const startedAtMs = performance.now();
    await retry(
      async () => {
        const stored = await this.store.put(createReadStream(path));
        if (stored.sha256 !== sha256) throw new Error(`The checkpoint of step ${step} changed while it was uploaded.`);
        const files = [{ name: CHECKPOINT_FILE, sha256, sizeBytes }];
        const isStored = (blob: string) => this.store.has(blob);
        await recordCheckpoint(this.database, this.lease, { step, files }, isStored);
      },
      { delaysMs: [500, 1_000, 2_000, 4_000], goOn: (_error, attempt) => attempt < 8 && this.events.goOn() },
    );
    this.events.onUploaded(performance.now() - startedAtMs);
    await rm(path, { force: true });
  }
}
