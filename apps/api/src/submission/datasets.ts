import {
  type DatasetImage,
  type DatasetInput,
  DEFAULT_PATCH,
  FEW_IMAGES,
  heldOutRows,
  SMALLEST_PATCH,
} from "@drc/contracts";
import type { Transaction } from "@drc/database";
import type { Findings } from "./findings.ts";
import { readOnce } from "./read-once.ts";

/** A message stays readable however many images it is about. */
const NAMED_IMAGES = 3;

/** A dataset version as far as a submission is checked against it. */
export interface UsableDataset {
  scale: number;
  /** Whether its images are LR images alone. */
  lrOnly: boolean;
  images: DatasetImage[];
}

/** The version, if it is there and ready; else a finding. */
export async function checkDataset(
  findings: Findings,
  transaction: Transaction,
  pointer: string,
  input: DatasetInput,
): Promise<UsableDataset | null> {
  const version = await readOnce(transaction, `version ${input.datasetId} ${input.version}`, () =>
    transaction.datasetVersion.findUnique({
      where: { datasetId_number: { datasetId: input.datasetId, number: input.version } },
      select: { scale: true, content: true, state: true, images: true, ingestJobId: true },
    }),
  );
  if (!version) {
    const dataset = await transaction.dataset.findUnique({ where: { id: input.datasetId } });
    if (dataset) findings.add(`${pointer}/version`, `The dataset ${dataset.id} has no version ${input.version}.`);
    else findings.add(`${pointer}/datasetId`, `There is no dataset ${input.datasetId}.`);
    return null;
  }
  if (version.state !== "ready") {
    const remedy =
      version.state === "ingesting"
        ? `Wait for its ingest job ${version.ingestJobId}.`
        : `See its bad files, and make a new version.`;
    const code = version.state === "ingesting" ? "DATASET_NOT_READY" : undefined;
    findings.add(`${pointer}/version`, `Version ${input.version} is not ready but ${version.state}. ${remedy}`, code);
    return null;
  }
  return {
    scale: version.scale,
    lrOnly: version.content === "lr",
    images: version.images as unknown as DatasetImage[],
  };
}

/** A finding where HR images are needed and the version has LR images alone. */
export function checkHasHr(findings: Findings, pointer: string, dataset: UsableDataset | null): void {
  if (!dataset?.lrOnly) return;
  findings.add(
    pointer,
    'The dataset version has LR images alone ("content": "lr"); HR images are needed here. ' +
      'Name a version that was made with "content": "hr" or "pairs".',
  );
}

/** At least so large is every patch: a network that pools takes larger ones only as far as the images go. */
export function patchOf({ patchSize = DEFAULT_PATCH }: { patchSize?: number }): number {
  return patchSize;
}

/** A finding where an image's LR image is smaller than a patch. */
export function checkPatch(
  findings: Findings,
  pointer: string,
  patchSize: number,
  dataset: UsableDataset | null,
): void {
  if (!dataset) return;
  const tooSmall = dataset.images.filter((image) => lrSide(image, dataset.scale) < patchSize);
  if (tooSmall.length === 0) return;
  const smallest = Math.min(...tooSmall.map((image) => lrSide(image, dataset.scale)));
  const named = tooSmall
    .slice(0, NAMED_IMAGES)
    .map(({ name, width, height }) => `${name} (${width / dataset.scale}×${height / dataset.scale})`);
  const others = tooSmall.length > named.length ? ` and ${tooSmall.length - named.length} more` : "";
  const remedy =
    smallest < SMALLEST_PATCH
      ? `No patch fits all images: make a dataset without those below ${SMALLEST_PATCH}×${SMALLEST_PATCH}.`
      : `At most ${smallest} fits all images.`;
  findings.add(
    pointer,
    `A patch of ${patchSize} LR pixels is larger than the LR image of ${named.join(", ")}${others}. ${remedy}`,
  );
}

function lrSide(image: DatasetImage, scale: number): number {
  return Math.min(image.width, image.height) / scale;
}

/** A finding where dataset and network differ in scale. */
export function checkScale(
  findings: Findings,
  pointer: string,
  networkScale: number | undefined,
  dataset: UsableDataset | null,
): void {
  if (!dataset || networkScale === undefined || dataset.scale === networkScale) return;
  findings.add(
    pointer,
    `The dataset version was made for ×${dataset.scale}, the network is ×${networkScale}. ` +
      `Make a version of the dataset with "scale": ${networkScale}, or use a network for ×${dataset.scale}.`,
  );
}

/** A finding where too few images are left to train on, or too few rows of one. */
export function checkValidationShare(
  findings: Findings,
  pointer: string,
  validation: { share: number } | DatasetInput,
  patchSize: number,
  dataset: UsableDataset | null,
): void {
  if (!dataset || !("share" in validation)) return;
  const { images, scale } = dataset;
  if (images.length < 2) {
    findings.add(
      pointer,
      `The dataset version has ${images.length} image: none can be kept for validation. ` +
        "Name a dataset version for validation, or add images.",
    );
  } else if (images.length < FEW_IMAGES) {
    checkRowsLeft(findings, pointer, validation.share, patchSize, { images, scale });
  }
}

/** A finding where a patch that fits an image has no room above the rows that are held out. */
function checkRowsLeft(
  findings: Findings,
  pointer: string,
  share: number,
  patchSize: number,
  { images, scale }: Pick<UsableDataset, "images" | "scale">,
): void {
  const left = images
    .filter((image) => lrSide(image, scale) >= patchSize)
    .map(({ name, height }) => ({
      name,
      of: height / scale,
      rows: height / scale - heldOutRows(height / scale, share),
    }))
    .sort((a, b) => a.rows - b.rows);
  const [least] = left;
  if (!least || least.rows >= patchSize) return;
  findings.add(
    pointer,
    `Of fewer than ${FEW_IMAGES} images the bottom rows are held out, which leaves ${least.rows} of the ${least.of} LR rows ` +
      `of ${least.name}: a patch of ${patchSize} has no room. Take a patchSize of at most ${least.rows}, or name a dataset ` +
      "version for validation.",
  );
}
