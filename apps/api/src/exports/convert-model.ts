/** The program of a thread that converts one model: what it is to do comes with it, and its answer is its last word. */
import { parentPort, workerData } from "node:worker_threads";
import { decodeModel, type ExportFormat, exportModel } from "@drc/network";

export interface Conversion {
  /** Of our safetensors file. */
  bytes: Uint8Array<ArrayBuffer>;
  format: ExportFormat;
  facts: Readonly<Record<string, string>>;
}

const { bytes, format, facts } = workerData as Conversion;
const file = exportModel(decodeModel(bytes), format, facts);
// Its own bytes, from the first to the last: they are handed over, not copied.
const whole = file.bytes.byteLength === file.bytes.buffer.byteLength ? file.bytes : file.bytes.slice();
parentPort?.postMessage({ ...file, bytes: whole }, [whole.buffer as ArrayBuffer]);
