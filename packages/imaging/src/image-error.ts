/** What can be wrong with an image or with a request about one. */
export type ImageErrorCode =
  | "UNSUPPORTED_FORMAT"
  | "CORRUPT"
  | "EMPTY"
  | "TOO_LARGE"
  | "TOO_SMALL"
  | "TRANSPARENT"
  | "NOT_A_FILE"
  | "SIZE_MISMATCH"
  | "INVALID_ARGUMENT";

/** An image that cannot be used, or an impossible operation on one. The message names the image, the value and the remedy. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
