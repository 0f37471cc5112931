import { counted } from "../../components/format.ts";

/** What the codes of an ingest's notes mean for the files that have them. */
const NOTES: ReadonlyMap<string, string> = new Map([
  ["ALPHA_COMPOSITED", "transparency was put on the background that was asked for"],
  ["ALPHA_DROPPED", "transparency was dropped"],
  ["BIT_DEPTH_REDUCED", "16 bits were reduced to 8"],
  ["CMYK_CONVERTED", "CMYK was converted to RGB"],
  ["COLOUR_PROFILE_IGNORED", "the colour profile was ignored, and pixel values are as stored"],
  ["CROPPED", "sides were cut to multiples of the scale"],
  ["DUPLICATE", "the image is there already under another name, and both are kept"],
  ["FIRST_FRAME_ONLY", "only the first frame is used"],
  ["LR_UNLIKE_HR", "the LR image hardly resembles the HR image: do they show the same picture?"],
  ["ORIENTATION_APPLIED", "the image was turned upright, as its file says"],
  [
    "SMALLER_THAN_PATCH",
    "the LR image is smaller than a patch of the default size: a training refuses the version, unless these files are removed or its patches are smaller",
  ],
]);

/** 3 files: 16 bits were reduced to 8. */
export function noteText(code: string, files: number): string {
  return `${counted(files, "file")}: ${NOTES.get(code) ?? code}`;
}

/** A reason without the name of the file, which stands beside it. */
export function withoutFile({ file, detail }: { file?: string; detail: string }): string {
  const prefix = `${file}: `;
  return detail.startsWith(prefix) ? detail.slice(prefix.length) : detail;
}
