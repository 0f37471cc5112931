/** How the uploaded files of a dataset become the images of one of its versions. */
import { z } from "zod";

export const scale = z.union([z.literal(2), z.literal(4), z.literal(8)]);
export type Scale = z.infer<typeof scale>;

/** How LR images are made at the borders; `symmetric` is what MATLAB does today. */
export const border = z.enum(["symmetric", "replicate"]);
export type Border = z.infer<typeof border>;

/**
 * What the files are: `hr`, HR images whose LR images are made; `pairs`, HR images with LR images of one's own, paired
 * by name; `lr`, LR images alone, for stages that need no HR.
 */
export const datasetContent = z.enum(["hr", "pairs", "lr"]);
export type DatasetContent = z.infer<typeof datasetContent>;

/** `fail` refuses the version where a file is bad; `skip` leaves bad files out and names them. */
const onBadFile = z.enum(["fail", "skip"]);

/** Of HR images whose sides are no multiples of the scale: `modcrop` cuts them at the bottom and the right. */
const onOddSize = z.enum(["modcrop", "reject"]);

const sample = z.int().min(0).max(255);

/** Of images with transparency: only their RGB is kept, or they are put on a background (RGB), or they are refused. */
const onAlpha = z.union([
  z.enum(["drop", "reject"]),
  z.strictObject({ background: z.tuple([sample, sample, sample]) }),
]);
export type OnAlpha = z.infer<typeof onAlpha>;

export const datasetSettings = z.strictObject({
  scale,
  border,
  content: datasetContent,
  onBadFile,
  onOddSize,
  onAlpha,
});
export type DatasetSettings = z.infer<typeof datasetSettings>;

/** `POST /v1/datasets/ID/versions`: the settings, all but the scale with defaults. */
export const createDatasetVersionBody = z
  .strictObject({
    scale,
    border: border.default("symmetric"),
    content: datasetContent.default("hr"),
    onBadFile: onBadFile.default("fail"),
    /** Default: `modcrop`; for pairs, whose LR images were made by somebody else's rule, `reject`. */
    onOddSize: onOddSize.optional(),
    onAlpha: onAlpha.default("drop"),
  })
  .transform(
    (body): DatasetSettings => ({
      ...body,
      onOddSize: body.onOddSize ?? (body.content === "pairs" ? "reject" : "modcrop"),
    }),
  );
