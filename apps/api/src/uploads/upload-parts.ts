import { ApiError, type UploadPart } from "@drc/contracts";
import type { Upload } from "@drc/database";
import type { ArrivedPart, OpenUpload, PresignedUploads } from "@drc/storage";

/** What the store knows of an upload that is open. */
export function openUpload({ id, key, multipartId }: Upload): OpenUpload {
  if (key === null || multipartId === null) throw new Error(`The upload ${id} has no parts.`);
  return { key, multipartId };
}

/** The size of each part, from the first to the last. */
export function partSizes({ sizeBytes, partSizeBytes }: Pick<Upload, "sizeBytes" | "partSizeBytes">): number[] {
  const total = Number(sizeBytes);
  const count = Math.ceil(total / partSizeBytes);
  return Array.from({ length: count }, (_, i) => Math.min(partSizeBytes, total - i * partSizeBytes));
}

/**
 * The parts of an open upload: which are whole in the store, and where the others go. One of another size than announced
 * counts as missing: it is to be sent again.
 * @param seconds how long the URLs are good.
 */
export function describeParts(
  presigned: PresignedUploads,
  upload: Upload,
  arrived: readonly ArrivedPart[],
  seconds: number,
): UploadPart[] {
  const parts: UploadPart[] = [];
  for (const [i, sizeBytes] of partSizes(upload).entries()) {
    const number = i + 1;
    const there = arrived.some((part) => part.number === number && part.sizeBytes === sizeBytes);
    const url = there ? null : presigned.partUrl(openUpload(upload), { number, sizeBytes }, seconds);
    parts.push({ number, sizeBytes, arrived: there, url });
  }
  return parts;
}

/** The parts to join, in order; refuses an upload that lacks some, and names them. */
export function requireParts(upload: Upload, arrived: readonly ArrivedPart[]): ArrivedPart[] {
  const wrong: string[] = [];
  const parts = partSizes(upload).flatMap((sizeBytes, i) => {
    const sent = arrived.filter(({ number }) => number === i + 1);
    const part = sent.findLast((one) => one.sizeBytes === sizeBytes);
    if (part) return [part];
    const other = sent.at(-1);
    wrong.push(other ? `${i + 1} (${other.sizeBytes} bytes in the place of ${sizeBytes})` : String(i + 1));
    return [];
  });
  if (wrong.length === 0) return parts;
  const named = wrong.slice(0, 10).join(", ");
  const more = wrong.length > 10 ? ` and ${wrong.length - 10} more` : "";
  throw new ApiError(
    "CONFLICT",
    `The upload ${upload.id} lacks parts: ${named}${more}. GET /v1/uploads/${upload.id} gives URLs for them.`,
  );
}
