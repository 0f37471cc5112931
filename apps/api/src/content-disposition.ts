import { cutText } from "@drc/contracts";

/**
 * The header for a file that is saved under a name (RFC 6266): in ASCII for old programs, and as it is for all others.
 * Nothing of the name can end the header's value or begin another.
 */
export function attachment(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, "_").replace(/["\\%]/g, "_");
  // encodeURIComponent leaves these as they are, and RFC 8187 does not.
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** With the identifier and the end of the file's name a file system takes it: 255 bytes. */
const LONGEST_NAME = 70;

/** What a record's file is called: by its name, without what file systems refuse, and by its identifier, which is unique. */
export function fileNameOf({ id, name }: { id: string; name: string }, extension: string): string {
  const safe = name.replace(/[\p{Cc}\p{Cf}/\\:*?"<>|]/gu, "-").replace(/^[.\s-]+/, "");
  return safe === "" ? `${id}${extension}` : `${cutText(safe, LONGEST_NAME)} ${id}${extension}`;
}
