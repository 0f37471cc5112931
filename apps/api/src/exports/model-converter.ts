import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ApiError } from "@drc/contracts";
import type { ExportedModel } from "@drc/network";
import { TooManyRequests } from "../plugins/failed-sign-ins.ts";
import type { Conversion } from "./convert-model.ts";

/** Larger models are not converted: a conversion has about three times a model's bytes in memory. */
export const MAX_CONVERTED_BYTES = 256 * 1024 * 1024;

/** Requests that wait for their turn; more are refused. */
export const MAX_WAITING = 4;
const RETRY_SECONDS = 10;

/** Beside this file, as a bundle or as its source. */
const extension = extname(import.meta.url);
const PROGRAM = new URL(`./convert-model${extension}`, import.meta.url);

/** A thread does not have the loader of its process, under Node 20: for the source, in the repository, it comes first. */
const FROM_SOURCE = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(PROGRAM.href)});
});`;

/** Gives models other formats: one at a time, in a thread, so that requests are answered meanwhile and memory is bounded. */
export class ModelConverter {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /**
   * @param read gives our safetensors file of so many bytes, once it is its turn.
   * @param isWanted whether anybody still waits for the answer.
   * @throws ApiError `PAYLOAD_TOO_LARGE` for a model that is too large, `RATE_LIMITED` where too many wait.
   */
  async convert(
    sizeBytes: number,
    read: () => Promise<Buffer>,
    isWanted: () => boolean,
    { format, facts }: Omit<Conversion, "bytes">,
  ): Promise<ExportedModel | null> {
    if (sizeBytes > MAX_CONVERTED_BYTES) {
      throw new ApiError(
        "PAYLOAD_TOO_LARGE",
        `The model has ${sizeBytes} bytes, and up to ${MAX_CONVERTED_BYTES} are converted here. Download it as safetensors and convert it with "drc export".`,
      );
    }
    if (this.waiting > MAX_WAITING) {
      throw new TooManyRequests(
        `${MAX_WAITING} other requests wait for a conversion. Try again in ${RETRY_SECONDS} s.`,
        RETRY_SECONDS,
      );
    }
    this.waiting++;
    const turn = this.last.then(async () => {
      if (!isWanted()) return null;
      return inThread({ bytes: new Uint8Array(await read()), format, facts });
    });
    // Its failure is this request's alone.
    this.last = turn.catch(() => undefined);
    return turn.finally(() => this.waiting--);
  }
}

function inThread(conversion: Conversion): Promise<ExportedModel> {
  return new Promise((resolve, reject) => {
    const isSource = extension === ".ts";
    const thread = new Worker(isSource ? FROM_SOURCE : PROGRAM, {
      eval: isSource,
      workerData: conversion,
      transferList: [conversion.bytes.buffer],
    });
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", (code) => reject(new Error(`The thread that converts a model ended with code ${code}.`)));
  });
}
