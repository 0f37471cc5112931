import { ApiError, type ErrorCode, type FieldError } from "@drc/contracts";

/** Collects what is wrong with a submission, so that all of it is named at once. */
export class Findings {
  readonly errors: FieldError[] = [];

  /** What several stages find in the same field is named once. */
  add(pointer: string, detail: string, code?: ErrorCode): void {
    if (this.errors.some((error) => error.pointer === pointer && error.detail === detail)) return;
    this.errors.push({ pointer, detail, ...(code === undefined ? {} : { code }) });
  }

  /** Throws where there is any. An error code of its own stands above only where all findings share it. */
  throwIfAny(): void {
    const [first] = this.errors;
    if (!first) return;
    const shared = this.errors.every((error) => error.code === first.code) ? first.code : undefined;
    throw new ApiError(
      (shared ?? "VALIDATION_FAILED") as ErrorCode,
      `The request cannot work: ${this.errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join(" ")}`,
      this.errors,
    );
  }
}
