import type { FieldError, OnAlpha } from "@drc/contracts";
import { compositeOn, decodeImage, type ImageNote, isTransparent, type RgbImage } from "@drc/imaging";
import type { LocalFile } from "../protocol.ts";
import { asBadFile, BadFileError } from "./bad-file.ts";

const NOTES: Record<ImageNote, string> = {
  BIT_DEPTH_REDUCED: "16 bits were reduced to 8.",
  CMYK_CONVERTED: "CMYK was converted to RGB.",
  COLOUR_PROFILE_IGNORED: "The colour profile was ignored; pixel values are as stored.",
  ORIENTATION_APPLIED: "The EXIF orientation was applied.",
  FIRST_FRAME_ONLY: "Only the first frame is used.",
};

export interface UploadRules {
  maxPixels: number;
  onAlpha: OnAlpha;
}

/** Decodes an uploaded file to RGB, with a note on everything that is not as stored. Throws `BadFileError`. */
export async function readUpload(
  { name, path }: LocalFile,
  { maxPixels, onAlpha }: UploadRules,
): Promise<{ image: RgbImage; notes: FieldError[] }> {
  // The size of the file was limited when it was uploaded.
  const limits = { maxPixels, maxBytes: Number.MAX_SAFE_INTEGER };
  const decoded = await decodeImage(path, { name, ...limits }).catch(asBadFile(name));
  const { image, alpha } = decoded;
  const notes: FieldError[] = decoded.notes.map((code) => ({ file: name, code, detail: NOTES[code] }));
  if (alpha && isTransparent(alpha)) {
    if (onAlpha === "reject") {
      throw new BadFileError(
        name,
        "TRANSPARENT",
        `${name}: it has transparency; flatten it, or make the version with "onAlpha": "drop" or a background`,
      );
    }
    if (onAlpha === "drop") {
      notes.push({ file: name, code: "ALPHA_DROPPED", detail: "The transparency was dropped." });
    } else {
      compositeOn(image, alpha, onAlpha.background);
      const detail = `It was put on the background RGB ${onAlpha.background.join(", ")}.`;
      notes.push({ file: name, code: "ALPHA_COMPOSITED", detail });
    }
  }
  return { image, notes };
}
