import { createHash } from "node:crypto";
import { type CalibrationImage, pyramid, type SearchResult } from "@drc/compression";
import type { ModelCardStage, RuntimeInfo } from "@drc/contracts";
import { WIDTH_MULTIPLE } from "@drc/network";
import { hashOf, lineageOf } from "../file-card.ts";
import type { ModelFile } from "../read-model.ts";

/** What led to a network that `drc compress` writes; without a time, so that equal runs give equal bytes. */
export function compressionLineage(of: {
  base: ModelFile;
  images: readonly CalibrationImage[];
  search: SearchResult;
  seed: number;
  settings: Record<string, unknown>;
  runtime: { backend: string; tensorflowVersion: string; device: string; threads: number };
}): ModelCardStage[] {
  const { base, images, search, seed, settings } = of;
  const { asked, achieved, method } = search;
  const { backend, tensorflowVersion, device, threads } = of.runtime;
  const runtime: RuntimeInfo = { backend, tensorflowVersion, device, threads, node: process.versions.node };
  const baseModel = { sha256: hashOf(base.bytes) };
  return [
    ...lineageOf(base.metadata),
    {
      kind: "drc compress",
      jobId: null,
      known: true,
      seed,
      endedAt: null,
      dataset: null,
      method,
      budget: {
        of: asked.of,
        asked: asked.remove,
        achieved: achieved.removedShare,
        met: achieved.met,
        widthMultiple: asked.widthMultiple ?? WIDTH_MULTIPLE,
      },
      settings: { ...settings, baseModel, images: { count: images.length, sha256: hashOfImages(images) } },
      runtimes: [runtime],
      exact: true,
    },
  ];
}

/** Of names and pixels, as they were calibrated with. */
function hashOfImages(images: readonly CalibrationImage[]): string {
  const hash = createHash("sha256");
  for (const image of images) {
    for (const { data, width, height } of pyramid(image)) {
      hash.update(`${JSON.stringify(image.name)} ${width} ${height}\n`).update(data);
    }
  }
  return hash.digest("hex");
}
