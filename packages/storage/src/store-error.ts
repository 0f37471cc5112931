export type StoreErrorCode =
  /** The store did not answer, or refused. */
  | "STORE_UNAVAILABLE"
  /** There is no blob with this hash. */
  | "BLOB_MISSING"
  /** What came back has another hash. */
  | "BLOB_CORRUPT"
  /** The source is longer than allowed. */
  | "TOO_LARGE";

export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreError";
    this.code = code;
  }
}

const MISSING = new Set(["NoSuchKey", "NotFound"]);

/** A failure of the client as one of ours; `what` says what was tried. */
export function asStoreError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code !== undefined && MISSING.has(code))
    return new StoreError("BLOB_MISSING", `${what}: it is not there.`, error);
  return new StoreError("STORE_UNAVAILABLE", `${what}: ${message || code || "the object store failed"}.`, error);
}

/** Runs an action on the store; its failures become `StoreError`s that say what was tried. */
export async function guarded<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw asStoreError(error, what);
  }
}
