import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import { fromBuffer } from "yauzl";
import { createModel } from "../create-model.ts";
import { decodeModel } from "../model-file.ts";
import { exportModel } from "./export-model.ts";
import { ProtobufWriter } from "./protobuf.ts";
import { zip } from "./zip.ts";

const model = createModel({ scale: 2, blocks: 1, features: 4, seed: 1 });

/** By a reader that is not ours. */
async function unzip(bytes: Uint8Array): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  await new Promise<void>((resolve, reject) => {
    fromBuffer(Buffer.from(bytes), { lazyEntries: true }, (error, archive) => {
      if (error) return reject(error);
      archive.on("entry", (entry) => {
        archive.openReadStream(entry, (failure, stream) => {
          if (failure) return reject(failure);
          buffer(stream).then((content) => {
            files[entry.fileName] = content;
            archive.readEntry();
          }, reject);
        });
      });
      once(archive, "end").then(() => resolve(), reject);
      archive.readEntry();
    });
  });
  return files;
}

it("packs what any unzip program reads", async () => {
  const entries = [
    { name: "a.txt", bytes: Buffer.from("first") },
    { name: "b.bin", bytes: new Uint8Array(100_000).fill(7) },
  ];
  const files = await unzip(zip(entries));
  expect(Object.keys(files)).toEqual(["a.txt", "b.bin"]);
  for (const { name, bytes } of entries) expect(files[name].equals(bytes)).toBe(true);
});

it("gives the two files of a TensorFlow.js model, which belong together", async () => {
  const { extension, bytes } = exportModel(model, "tfjs", { origin: "a test" });
  expect(extension).toBe(".zip");
  const { "model.json": json, "weights.bin": weights } = await unzip(bytes);
  const { weightsManifest, userDefinedMetadata } = JSON.parse(json.toString());
  const sizes = weightsManifest[0].weights.map(({ shape }: { shape: number[] }) => shape.reduce((a, b) => a * b, 1));
  expect(sizes.reduce((a: number, b: number) => a + b, 0) * 4).toBe(weights.length);
  expect(weightsManifest[0].paths).toEqual(["weights.bin"]);
  expect(userDefinedMetadata).toMatchObject({ scale: "2", range: "0..255", origin: "a test" });
});

it("gives our own file with the dual networks", () => {
  expect(decodeModel(exportModel(model, "safetensors").bytes).duals).toHaveLength(1);
});

it("gives the same bytes for the same model", () => {
  for (const format of ["safetensors", "onnx", "tfjs"] as const) {
    expect(exportModel(model, format).bytes).toEqual(exportModel(model, format).bytes);
  }
});

it("writes whole numbers as protocol buffers do", () => {
  // 300 is 0xac 0x02, the example of the format's documentation.
  expect([...new ProtobufWriter().integer(1, 300).finish()]).toEqual([0x08, 0xac, 0x02]);
  expect([...new ProtobufWriter().integer(16, 2 ** 35).finish()].length).toBe(2 + 6);
  expect(() => new ProtobufWriter().integer(1, -1)).toThrow(RangeError);
});
