import type { BackendResource, ComputeDevice, JobKind } from "@drc/contracts";
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Slot } from "../slots.ts";
import { type GpuUsage, readGpus } from "./gpus.ts";
import { residentBytes } from "./process-memory.ts";

/** Of an attempt: how it ended, whatever became of the job. */
export type AttemptEndName = "succeeded" | "failed" | "stopped" | "lost";

/** What a job process tells about itself. */
export interface Usage {
  /** Of the steps since it last told. */
  stepsMs: readonly number[];
  /** Live ones, and their bytes; absent while TensorFlow is not loaded. */
  tensors?: { count: number; sizeBytes: number };
}

const WAIT_BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600];
const RUN_BUCKETS = [1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 72 * 3600];
const STEP_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
const UPLOAD_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300];

/** What Prometheus is told about one worker. Labels are kinds, outcomes, slots and GPUs: as few as the machine has. */
export class WorkerMetrics {
  private readonly registry = new Registry();
  private readonly slots: readonly Slot[];
  private readonly wait: Histogram;
  private readonly run: Histogram;
  private readonly step: Histogram;
  private readonly upload: Histogram;
  private readonly busy: Gauge;
  private readonly backendWorks: Gauge;
  private readonly tensors: Gauge;
  private readonly tensorBytes: Gauge;
  private readonly resident: Gauge;
  private readonly deviceUsed: Gauge;
  private readonly deviceTotal: Gauge;
  /** The job process of each slot that has one. */
  private readonly processes = new Map<string, number>();

  constructor(slots: readonly Slot[]) {
    this.slots = slots;
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const gauge = (name: string, help: string, labelNames: string[]) =>
      new Gauge({ name, help, labelNames, registers });
    const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
      new Histogram({ name, help, labelNames, buckets, registers });
    this.wait = histogram("drc_job_wait_seconds", "From when a job was due to its claim.", ["kind"], WAIT_BUCKETS);
    this.run = histogram("drc_job_run_seconds", "Of an attempt, by how it ended.", ["kind", "outcome"], RUN_BUCKETS);
    this.step = histogram("drc_step_seconds", "Of a step, validation and checkpoint included.", ["kind"], STEP_BUCKETS);
    this.upload = histogram("drc_checkpoint_upload_seconds", "Until a checkpoint is in the store.", [], UPLOAD_BUCKETS);
    this.busy = gauge("drc_slot_busy", "1 where the slot has a job.", ["slot", "device_class"]);
    this.backendWorks = gauge("drc_backend_works", "1 where TensorFlow's native backend works.", ["device_class"]);
    this.tensors = gauge("drc_job_process_tensors", "Live tensors of a slot's job process.", ["slot"]);
    this.tensorBytes = gauge("drc_job_process_tensor_bytes", "Their bytes.", ["slot"]);
    this.resident = gauge("drc_job_process_resident_bytes", "Resident memory of a slot's job process.", ["slot"]);
    this.deviceUsed = gauge("drc_device_memory_used_bytes", "Memory of a slot's GPU in use, by nvidia-smi.", ["gpu"]);
    this.deviceTotal = gauge("drc_device_memory_total_bytes", "Memory of a slot's GPU, by nvidia-smi.", ["gpu"]);
    for (const { name, deviceClass } of slots) this.busy.set({ slot: name, device_class: deviceClass }, 0);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  noteClaim(slot: Slot, kind: JobKind, waitedMs: number): void {
    this.busy.set({ slot: slot.name, device_class: slot.deviceClass }, 1);
    this.wait.observe({ kind }, waitedMs / 1000);
  }

  noteAttemptEnd(slot: Slot, kind: JobKind, outcome: AttemptEndName, ranMs: number): void {
    this.busy.set({ slot: slot.name, device_class: slot.deviceClass }, 0);
    this.run.observe({ kind, outcome }, ranMs / 1000);
  }

  noteProcess(slot: Slot, pid: number | undefined): void {
    if (pid !== undefined) this.processes.set(slot.name, pid);
  }

  noteProcessEnd(slot: Slot): void {
    this.processes.delete(slot.name);
    for (const gauge of [this.tensors, this.tensorBytes, this.resident]) gauge.remove({ slot: slot.name });
  }

  noteUsage(slot: Slot, kind: JobKind, { stepsMs, tensors }: Usage): void {
    for (const stepMs of stepsMs) this.step.observe({ kind }, stepMs / 1000);
    if (!tensors || !this.processes.has(slot.name)) return;
    this.tensors.set({ slot: slot.name }, tensors.count);
    this.tensorBytes.set({ slot: slot.name }, tensors.sizeBytes);
  }

  noteCheckpointUpload(tookMs: number): void {
    this.upload.observe(tookMs / 1000);
  }

  noteBackend(deviceClass: ComputeDevice, state: BackendResource["state"]): void {
    this.backendWorks.set({ device_class: deviceClass }, state === "works" ? 1 : 0);
  }

  /** The text that Prometheus reads. */
  async text(): Promise<string> {
    for (const [slot, pid] of this.processes) {
      const bytes = await residentBytes(pid);
      // It may have ended meanwhile.
      if (bytes !== undefined && this.processes.get(slot) === pid) this.resident.set({ slot }, bytes);
    }
    const gpus = this.slots.flatMap(({ gpuId }) => gpuId ?? []);
    if (gpus.length > 0) this.showDevices(gpus, await readGpus());
    return this.registry.metrics();
  }

  private showDevices(gpus: readonly string[], devices: readonly GpuUsage[]): void {
    this.deviceUsed.reset();
    this.deviceTotal.reset();
    for (const gpu of gpus) {
      const device = devices.find(({ index, uuid }) => index === gpu || uuid === gpu);
      if (!device) continue;
      this.deviceUsed.set({ gpu }, device.usedBytes);
      this.deviceTotal.set({ gpu }, device.totalBytes);
    }
  }
}
