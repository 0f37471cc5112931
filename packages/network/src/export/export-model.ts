import type { Model } from "../graph.ts";
import { encodeModel } from "../model-file.ts";
import { encodeOnnx } from "./onnx.ts";
import { encodeTfjs, TFJS_WEIGHTS_FILE } from "./tfjs.ts";
import { zip } from "./zip.ts";

export const EXPORT_FORMATS = ["safetensors", "onnx", "tfjs"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportedModel {
  /** Of the file's name, with its dot. */
  extension: string;
  contentType: string;
  bytes: Uint8Array;
}

/**
 * A model in the format of a runtime: our safetensors file with the dual networks, an ONNX model, or a zip archive with
 * the two files of a TensorFlow.js graph model. The last two have the primal network's largest output alone.
 */
export function exportModel(
  model: Model,
  format: ExportFormat,
  facts: Readonly<Record<string, string>> = {},
): ExportedModel {
  switch (format) {
    case "safetensors":
      return { extension: ".safetensors", contentType: "application/octet-stream", bytes: encodeModel(model) };
    case "onnx":
      return { extension: ".onnx", contentType: "application/octet-stream", bytes: encodeOnnx(model.primal, facts) };
    case "tfjs": {
      const { json, weights } = encodeTfjs(model.primal, facts);
      const bytes = zip([
        { name: "model.json", bytes: new TextEncoder().encode(json) },
        { name: TFJS_WEIGHTS_FILE, bytes: weights },
      ]);
      return { extension: ".zip", contentType: "application/zip", bytes };
    }
  }
}
