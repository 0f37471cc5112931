import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BlobReference, CheckpointManifest, DatasetInput, JobSpec, ModelInput, ShapeSpec } from "@drc/contracts";
import {
  type Database,
  findModel,
  findPlan,
  findReadyVersion,
  findUploadedFiles,
  type ReadyDatasetVersion,
} from "@drc/database";
import { StoreError } from "@drc/storage";
import type { BlobCache } from "./blob-cache.ts";
import type { LocalFile, LocalImage, TaskInputs } from "./protocol.ts";

/** An input that the job's spec names is not there (any more), or its bytes are damaged. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly code: "INPUT_MISSING" | "CHECKPOINT_INVALID";

  constructor(code: "INPUT_MISSING" | "CHECKPOINT_INVALID", message: string) {
    super(message);
    this.code = code;
  }
}

const PARALLEL_DOWNLOADS = 8;

/** Puts what a job reads into one folder, so that its process needs no connection. */
export class InputFetcher {
  private readonly database: Database;
  private readonly cache: BlobCache;
  private readonly folder: string;
  private readonly signal: AbortSignal | undefined;
  private readonly paths = new Map<string, Promise<string>>();

  /** `signal` ends it: what is on its way is given up. */
  constructor(database: Database, cache: BlobCache, folder: string, signal?: AbortSignal) {
    this.database = database;
    this.cache = cache;
    this.folder = folder;
    this.signal = signal;
  }

  /** Throws `InputError`, or `StoreError` where the store does not answer. */
  async fetch({ kind, spec }: JobSpec): Promise<TaskInputs> {
    await mkdir(this.folder, { recursive: true });
    const inputs: TaskInputs = { images: [], validation: [], unpaired: [], files: [] };
    switch (kind) {
      case "ingest":
        inputs.files = await this.uploadedFiles(spec.dataset);
        break;
      case "train":
      case "fine-tune":
        inputs.images = await this.images(spec.dataset);
        if (spec.unpaired) inputs.unpaired = await this.images(spec.unpaired);
        if ("datasetId" in spec.validation) inputs.validation = await this.images(spec.validation);
        if (kind === "train") {
          if ("like" in spec.network) await this.shape(spec.network, inputs);
          break;
        }
        inputs.model = await this.model(spec.model);
        if (spec.targets !== "images") inputs.original = await this.model(spec.targets);
        if (spec.teacher) inputs.teacher = await this.model(spec.teacher);
        break;
      case "channel-search":
        inputs.model = await this.model(spec.model);
        inputs.images = await this.images(spec.dataset);
        break;
      case "prune":
        inputs.model = await this.model(spec.model);
        inputs.images = await this.images(spec.dataset);
        inputs.widths = (await findPlan(this.database, spec.plan)) ?? undefined;
        break;
      case "evaluate":
        if (spec.model !== "bicubic") inputs.model = await this.model(spec.model);
        inputs.images = await this.images(spec.dataset);
        inputs.scale = (await this.version(spec.dataset)).version.scale;
        break;
      case "export":
        inputs.model = await this.model(spec.model);
    }
    return inputs;
  }

  /** The file of a checkpoint; one whose bytes are not those of its manifest is refused and named. */
  async checkpoint({ step, files }: CheckpointManifest): Promise<string> {
    try {
      return await this.file(files[0]);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError("CHECKPOINT_INVALID", `The checkpoint of step ${step} cannot be used. ${error.message}`);
    }
  }

  private async shape({ like, plan }: ShapeSpec, inputs: TaskInputs): Promise<void> {
    inputs.model = await this.model(like);
    inputs.widths = (await findPlan(this.database, plan)) ?? undefined;
  }

  private async model(input: ModelInput): Promise<string> {
    const model = await findModel(this.database, input);
    if (!model) {
      const what = "modelId" in input ? `The model ${input.modelId}` : `The model of job ${input.fromJob}`;
      throw new InputError("INPUT_MISSING", `${what} is not there.`);
    }
    const { sizeBytes } = await this.database.blob.findUniqueOrThrow({ where: { sha256: model.sha256 } });
    return this.file({ sha256: model.sha256, sizeBytes: Number(sizeBytes) });
  }

  private async images(input: DatasetInput): Promise<LocalImage[]> {
    const ready = await this.version(input);
    await inParallel(
      ready.images.flatMap(({ hr, lrs }) => (hr ? [hr, ...lrs] : lrs)),
      (blob) => this.file(blob),
    );
    return Promise.all(
      ready.images.map(async ({ name, hr, lrs }) => ({
        name,
        hr: hr && (await this.file(hr)),
        lrs: await Promise.all(lrs.map((lr) => this.file(lr))),
      })),
    );
  }

  private async version(input: DatasetInput): Promise<ReadyDatasetVersion> {
    const ready = await findReadyVersion(this.database, input);
    if (!ready) throw missingVersion(input);
    return ready;
  }

  private async uploadedFiles(input: DatasetInput): Promise<LocalFile[]> {
    const files = await findUploadedFiles(this.database, input);
    if (!files) throw missingVersion(input);
    await inParallel(files, (blob) => this.file(blob));
    return Promise.all(files.map(async (file) => ({ name: file.name, path: await this.file(file) })));
  }

  /** The same blob is put there once, however often it is named. */
  private file(blob: BlobReference): Promise<string> {
    let path = this.paths.get(blob.sha256);
    if (!path) {
      path = this.download(blob);
      this.paths.set(blob.sha256, path);
    }
    return path;
  }

  private async download(blob: BlobReference): Promise<string> {
    const path = join(this.folder, blob.sha256);
    try {
      this.signal?.throwIfAborted();
      await this.cache.linkTo(blob, path, this.signal);
    } catch (error) {
      if (error instanceof StoreError && error.code !== "STORE_UNAVAILABLE") {
        throw new InputError("INPUT_MISSING", error.message);
      }
      throw error;
    }
    return path;
  }
}

function missingVersion({ datasetId, version }: DatasetInput): InputError {
  return new InputError("INPUT_MISSING", `Version ${version} of the dataset ${datasetId} is not ready.`);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: PARALLEL_DOWNLOADS }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}
