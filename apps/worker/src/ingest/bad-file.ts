import type { FieldError } from "@drc/contracts";
import { ImageError } from "@drc/imaging";

/** An uploaded file that cannot be used, for a reason that its owner can remove. */
export class BadFileError extends Error {
  override readonly name = "BadFileError";
  readonly finding: FieldError;

  constructor(file: string, code: string, detail: string) {
    super(detail);
    this.finding = { file, code, detail };
  }
}

/** Names the file for an error about its image; others pass as they are. */
export function asBadFile(file: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof ImageError ? new BadFileError(file, error.code, error.message) : error;
  };
}
