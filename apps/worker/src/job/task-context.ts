import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StageControl } from "@drc/compression";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { sha256Of, writeWhole } from "../atomic-file.ts";
import type { KeptFile, TaskMessage } from "../protocol.ts";
import { describeRuntime } from "./describe-runtime.ts";
import type { ParentChannel } from "./parent-channel.ts";
import { JobError, type RunnerContext } from "./runner.ts";

export class TaskContext implements RunnerContext {
  readonly task: TaskMessage;
  readonly signal: AbortSignal;
  private readonly channel: ParentChannel;
  private loading: Promise<TensorFlow> | undefined;
  private files = 0;
  private step = 0;

  constructor(task: TaskMessage, channel: ParentChannel, signal: AbortSignal) {
    this.task = task;
    this.channel = channel;
    this.signal = signal;
  }

  /** Tells the parent what this process computes with. */
  async announce(): Promise<void> {
    if (this.task.device === "none") return this.channel.send({ type: "ready" });
    await this.channel.send({ type: "ready", runtime: describeRuntime(await this.tensorflow()) });
  }

  tensorflow(): Promise<TensorFlow> {
    this.loading ??= this.load();
    return this.loading;
  }

  async control({ checkpointEverySteps }: { checkpointEverySteps?: number } = {}): Promise<StageControl> {
    const { seed, resumeCheckpoint } = this.task;
    const checkpoint = checkpointEverySteps
      ? {
          everySteps: checkpointEverySteps,
          save: (bytes: Uint8Array) => this.saveCheckpoint(bytes),
          resume: resumeCheckpoint ? new Uint8Array(await readFile(resumeCheckpoint)) : undefined,
        }
      : undefined;
    return {
      seed,
      signal: this.signal,
      onProgress: (progress) => {
        this.step = progress.step;
        this.channel.progress(progress);
      },
      onMetrics: (metrics) => this.channel.metric(this.task.kind, metrics),
      onLog: (line) => this.log(line),
      checkpoint,
    };
  }

  log(line: string): void {
    this.channel.log(line);
  }

  progress(stage: string, step: number, of: number): void {
    this.channel.progress({ stage, step, of });
  }

  async keep(role: KeptFile["role"], name: string, bytes: Uint8Array, contentType: string): Promise<KeptFile> {
    const path = join(this.task.scratchDir, `file-${this.files++}`);
    await writeWhole(path, bytes);
    return { role, name, path, sha256: sha256Of(bytes), sizeBytes: bytes.length, contentType };
  }

  async keepWritten(
    role: KeptFile["role"],
    name: string,
    write: (path: string) => Promise<void>,
    contentType: string,
  ): Promise<KeptFile> {
    const path = join(this.task.scratchDir, `file-${this.files++}`);
    await write(path);
    const hash = createHash("sha256");
    let sizeBytes = 0;
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk);
      sizeBytes += chunk.length;
    }
    return { role, name, path, sha256: hash.digest("hex"), sizeBytes, contentType };
  }

  private async saveCheckpoint(bytes: Uint8Array): Promise<void> {
    const { step } = this;
    // A name of its own: the parent removes the file when it is stored, and two checkpoints may have the same step.
    const path = join(this.task.scratchDir, `file-${this.files++}`);
    await writeWhole(path, bytes);
    await this.channel.send({ type: "checkpoint", path, step, sha256: sha256Of(bytes), sizeBytes: bytes.length });
  }

  private async load(): Promise<TensorFlow> {
    const { device, threads } = this.task;
    if (device === "none") throw new Error(`A ${this.task.kind} job has no device to load TensorFlow on.`);
    const tensorflow = await loadTensorFlow({ device, threads }).catch((error: Error) => {
      throw new JobError("BACKEND_UNAVAILABLE", error.message);
    });
    this.channel.countTensors = () => {
      const { numTensors, numBytes } = tensorflow.tf.memory();
      return { count: numTensors, sizeBytes: numBytes };
    };
    return tensorflow;
  }
}
