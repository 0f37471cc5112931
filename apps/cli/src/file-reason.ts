const REASONS: Record<string, string> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of its path is no folder",
  EISDIR: "it is a folder",
  EEXIST: "a file of this name is there",
  EACCES: "it is not permitted",
  EPERM: "it is not permitted",
};

/** Why a file could not be used, in words. */
export function fileReason({ code, message }: NodeJS.ErrnoException): string {
  return REASONS[code ?? ""] ?? message;
}
