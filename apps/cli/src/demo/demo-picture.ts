import { basename } from "node:path";
import type { CompressionDetailResource, EvaluateResult } from "@drc/contracts";
import { cropToMultiple, decodeImage, type RgbImage } from "@drc/imaging";
import type { DrcClient } from "@drc/sdk";
import { type PictureRow, sideBySide } from "../picture/side-by-side.ts";
import { DEMO_SCALE } from "./recipe.ts";

/** Bicubic, original, compressed and HR side by side: the images that the evaluations kept. */
export async function demoPicture(
  client: DrcClient,
  { jobs, stages }: CompressionDetailResource,
  heldOut: readonly string[],
): Promise<RgbImage> {
  const columns = [
    { label: "bicubic", jobId: stages.evaluateBicubic },
    { label: "original", jobId: stages.evaluateOriginal },
    { label: "compressed", jobId: stages.evaluateCompressed },
  ];
  const rows: PictureRow[] = [];
  for (const path of heldOut) {
    const name = basename(path);
    const cells = [];
    for (const { label, jobId } of columns) {
      const result = jobs.find(({ id }) => id === jobId)?.result as EvaluateResult | null | undefined;
      const image = result?.images.find((candidate) => candidate.name === name);
      if (jobId === undefined || image?.artifact === undefined)
        throw new Error(`The evaluation ${jobId} kept no image of ${name}.`);
      const { image: decoded } = await decodeImage(
        Buffer.from(await (await client.jobs.artifact(jobId, image.artifact)).bytes()),
      );
      cells.push({ label: `${label} ${image.psnr?.toFixed(2) ?? "exact"} dB`, image: decoded });
    }
    const { image: hr } = await decodeImage(path);
    cells.push({ label: "photograph (HR)", image: cropToMultiple(hr, DEMO_SCALE) });
    rows.push({ title: name, cells });
  }
  return sideBySide(rows);
}
