const MEBIBYTE = 1024 * 1024;

/** What an upload may have at most. */
export const UPLOAD_LIMITS = {
  /** Of one request, or one archive. */
  files: 10_000,
  imageBytes: 512 * MEBIBYTE,
  archiveBytes: 8 * 1024 * MEBIBYTE,
  /** Of all files of an archive together, unpacked. */
  unpackedBytes: 16 * 1024 * MEBIBYTE,
  /** Unpacked bytes per byte of an archive; images hardly become smaller in one. */
  archiveRatio: 100,
  modelBytes: 512 * MEBIBYTE,
} as const;

export type UploadLimits = { [Name in keyof typeof UPLOAD_LIMITS]: number };
