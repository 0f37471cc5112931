import { COMPARISON_PREFIX, type DatasetInput, type EvaluateSpec, type JobResource, type Scale } from "@drc/contracts";
import { client } from "../../api/client.ts";

export interface ComparisonRequest {
  image: { name: string; data: Blob };
  /** `hr`: it is made smaller, and what the networks restore is compared with it. `lr`: it is only made larger. */
  content: "hr" | "lr";
  scale: Scale;
  originalModelId: string;
  compressedModelId: string;
}

/** What is being done. */
export interface ComparisonStep {
  text: string;
  /** The job that is waited for. */
  jobId?: string;
}

export interface ComparisonJobs {
  original: string;
  compressed: string;
  bicubic: string;
}

/** Somebody waits before the screen. */
const PRIORITY = 90;

const LABEL = "compare";

/**
 * A dataset version of this one image, and an evaluation of each network and of bicubic interpolation on it that keeps what
 * comes out. What was made for the same image before is taken again. Throws what the signal was aborted with: what was made
 * until then stays.
 */
export async function startComparison(
  request: ComparisonRequest,
  onStep: (step: ComparisonStep) => void,
  signal: AbortSignal,
): Promise<ComparisonJobs> {
  const label = await labelOf(request, signal);
  onStep({ text: "Looking for the same image" });
  const before = await usableJobs(label, signal);
  const dataset = (await datasetOf(before, signal)) ?? (await makeDataset(request, onStep, signal));
  onStep({ text: "Submitting the evaluations" });
  const evaluation = async (model: EvaluateSpec["model"]) => {
    const same = before.find(({ spec }) => isSame(spec, model, dataset));
    if (same) return same.id;
    const body = {
      kind: "evaluate" as const,
      name: `Compare ${request.image.name}`.slice(0, 200),
      labels: [LABEL, label],
      priority: PRIORITY,
      spec: { model, dataset, keepImages: true },
    };
    return (await client.jobs.create(body, { signal })).id;
  };
  const original = await evaluation({ modelId: request.originalModelId });
  const compressed = await evaluation({ modelId: request.compressedModelId });
  return { original, compressed, bicubic: await evaluation("bicubic") };
}

/** Of the image's bytes and what they are taken for. */
async function labelOf({ image, content, scale }: ComparisonRequest, signal: AbortSignal): Promise<string> {
  const { hashFile } = await import("../../api/hash-file.ts");
  const hash = await hashFile(image.data, signal);
  return `${LABEL}=${hash.slice(0, 32)}.${content}.x${scale}`;
}

async function usableJobs(label: string, signal: AbortSignal): Promise<JobResource[]> {
  const { items } = await client.jobs.page({ label, kind: "evaluate" }, { limit: 200, signal });
  return items.filter(({ state }) => !["failed", "cancelled", "cancelling"].includes(state));
}

/** Of jobs before, where it is still there. */
async function datasetOf(jobs: readonly JobResource[], signal: AbortSignal): Promise<DatasetInput | undefined> {
  const [job] = jobs;
  if (!job) return undefined;
  const { dataset } = job.spec as unknown as EvaluateSpec;
  const version = await client.datasets.version(dataset, { signal }).catch(() => undefined);
  return version?.state === "ready" ? dataset : undefined;
}

async function makeDataset(
  { image, content, scale }: ComparisonRequest,
  onStep: (step: ComparisonStep) => void,
  signal: AbortSignal,
): Promise<DatasetInput> {
  onStep({ text: "Uploading the image" });
  const { id: datasetId } = await client.datasets.create(
    { name: `${COMPARISON_PREFIX}${image.name}`.slice(0, 200) },
    { signal },
  );
  await client.datasets.upload(datasetId, [image], { signal });
  const { version, ingestJobId } = await client.datasets.createVersion(datasetId, { scale, content }, { signal });
  onStep({ text: "Waiting for the image to be read", jobId: ingestJobId });
  const { state, badFiles } = await client.datasets.waitForVersion({ datasetId, version }, { signal });
  if (state === "ready") return { datasetId, version };
  throw new Error(badFiles[0]?.detail ?? "The image could not be read. See the ingest job of its dataset.");
}

function isSame(given: Record<string, unknown>, model: EvaluateSpec["model"], dataset: DatasetInput): boolean {
  const spec = given as unknown as EvaluateSpec;
  if (!spec.keepImages || spec.dataset.datasetId !== dataset.datasetId) return false;
  if (spec.dataset.version !== dataset.version) return false;
  if (model === "bicubic" || spec.model === "bicubic") return model === spec.model;
  return "modelId" in model && "modelId" in spec.model && spec.model.modelId === model.modelId;
}
