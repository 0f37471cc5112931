/**
 * @typedef {object} Reporter
 * @property {(text: string) => void} line One finished line.
 * @property {(label: string, doneBytes: number, totalBytes: number | undefined) => void} progress How far a long step
 *   is. On a terminal the line is rewritten; elsewhere a new line comes at most every 10 % and 5 s.
 */

/** @param {number} bytes @returns {string} for example `274 MB` */
export function megabytes(bytes) {
  const value = bytes / 1e6;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} MB`;
}

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Reporter}
 */
export function createReporter(stream = process.stderr) {
  let open = false;
  let lastText = "";
  let lastTimeMs = 0;
  let lastBytes = 0;
  return {
    line(text) {
      stream.write(`${open ? "\n" : ""}${text}\n`);
      open = false;
      lastBytes = 0;
    },
    progress(label, doneBytes, totalBytes) {
      const text = `  ${label}: ${megabytes(doneBytes)}${totalBytes ? ` of ${megabytes(totalBytes)}` : ""}`;
      if (text === lastText) return;
      if (stream.isTTY) {
        stream.write(`\r${text}\x1b[K`);
        open = true;
      } else {
        const finished = totalBytes !== undefined && doneBytes >= totalBytes;
        const far = doneBytes - lastBytes >= (totalBytes ?? 500e6) / 10;
        if (!finished && !(far && Date.now() - lastTimeMs >= 5000)) return;
        stream.write(`${text}\n`);
        lastTimeMs = Date.now();
        lastBytes = doneBytes;
      }
      lastText = text;
    },
  };
}
