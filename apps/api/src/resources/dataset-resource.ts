import { countCodes, type DatasetResource, type DatasetVersionResource } from "@drc/contracts";
import type { Dataset, DescribedVersion } from "@drc/database";

export type DatasetRow = Dataset & { _count: { files: number; versions: number } };

export const DATASET_COUNTS = { _count: { select: { files: true, versions: true } } } as const;

export function datasetResource(dataset: DatasetRow): DatasetResource {
  return {
    id: dataset.id,
    name: dataset.name,
    files: dataset._count.files,
    versions: dataset._count.versions,
    createdAt: dataset.createdAt.toISOString(),
  };
}

export function datasetVersionResource(version: DescribedVersion): DatasetVersionResource {
  return {
    datasetId: version.datasetId,
    version: version.number,
    scale: version.scale as DatasetVersionResource["scale"],
    border: version.border as DatasetVersionResource["border"],
    content: version.content as DatasetVersionResource["content"],
    onBadFile: version.onBadFile as DatasetVersionResource["onBadFile"],
    onOddSize: version.onOddSize as DatasetVersionResource["onOddSize"],
    onAlpha: version.onAlpha as DatasetVersionResource["onAlpha"],
    state: version.state as DatasetVersionResource["state"],
    images: version.images,
    badFiles: version.badFiles as DatasetVersionResource["badFiles"],
    notes: version.notes as DatasetVersionResource["notes"],
    noteCounts: countCodes(version.notes as DatasetVersionResource["notes"]),
    ingestJobId: version.ingestJobId,
    createdAt: version.createdAt.toISOString(),
  };
}
