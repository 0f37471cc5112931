import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";

/** After so long without a byte in either direction a request to the store is given up. */
export const SILENCE_MS = 60_000;
/** For what the store does within itself, such as the copy of a large object: it says nothing meanwhile. */
const INTERNAL_WORK_FACTOR = 10;

/** As the MinIO client wants it: what it uses of `http` or `https`. */
type Transport = Pick<typeof http, "request">;

/**
 * Requests that fail where the store falls silent, in the place of waiting for ever. A reader who takes his time is no
 * silence of the store.
 */
export function patientTransport(secure: boolean, silenceMs = SILENCE_MS): Transport {
  const { request: send } = secure ? https : http;
  const request = (options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest => {
    const patienceMs = isInternalWork(options) ? silenceMs * INTERNAL_WORK_FACTOR : silenceMs;
    let response: IncomingMessage | undefined;
    const sent = send(options, (answer) => {
      response = answer;
      onResponse(answer);
    });
    sent.once("socket", (socket) => {
      const movedBytes = () => socket.bytesRead + socket.bytesWritten;
      const look = () => {
        const before = movedBytes();
        // A process that was busy for so long learns first that time is up, and then what has come meanwhile.
        setImmediate(() => {
          // Bytes that nobody has taken yet: the reader is slow. The socket's timer rests until it is set anew.
          if (movedBytes() > before || (response && response.readableLength > 0)) socket.setTimeout(patienceMs);
          else (response ?? sent).destroy(new Error(`it did not answer for ${patienceMs / 1000} s`));
        });
      };
      // Not as the request's own timeout, which it tells of but once.
      socket.setTimeout(patienceMs).on("timeout", look);
      sent.once("close", () => socket.setTimeout(0).off("timeout", look));
    });
    return sent;
  };
  return { request: request as Transport["request"] };
}

/** Joining the parts of an upload, and copying an object. */
function isInternalWork({ method, path, headers }: RequestOptions): boolean {
  if (method === "POST" && path?.includes("uploadId=")) return true;
  return Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "x-amz-copy-source");
}
