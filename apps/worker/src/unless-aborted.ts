/** Undefined where the signal is aborted, whatever else comes of it then. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  let abort = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    abort = () => resolve(undefined);
  });
  signal.addEventListener("abort", abort);
  try {
    if (signal.aborted) abort();
    const given = work.catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    return await Promise.race([given, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
