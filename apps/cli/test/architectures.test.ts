/**
 * Networks of other architectures by the API of a server that `drc up` runs, from the state dict as PyTorch has it to an
 * export that upscales an image: by defaults alone, without dual networks of their own.
 */
import type { ChannelSearchResult, CompressionDetailResource, DatasetInput, EvaluateResult } from "@drc/contracts";
import { decodeImage, type RgbImage } from "@drc/imaging";
import {
  costAtPublishedSizes,
  createModel,
  decodeModel,
  type NetworkConfiguration,
  ONNX_INPUT,
  ONNX_OUTPUT,
  writeSafetensors,
} from "@drc/network";
import { type Download, DrcClient } from "@drc/sdk";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { addressOf, keyOf, startServer, type TestServer } from "./support/server.ts";

const LONG_MS = 300_000;

let server: TestServer;
let client: DrcClient;
let dataset: DatasetInput;

beforeAll(async () => {
  server = await startServer();
  client = new DrcClient({ url: await addressOf(server.up), key: await keyOf(server.workplace.data) });
  const { id } = await client.datasets.create({ name: "pictures" });
  // Of 56 LR pixels a side: room for the patches that RFDN wants.
  const files = (await photographs(3, 112, 112)).map(({ name, bytes }) => ({ name, data: new Blob([bytes]) }));
  await client.datasets.upload(id, files);
  const { version } = await client.datasets.createVersion(id, { scale: 2 });
  dataset = { datasetId: id, version };
  await client.datasets.waitForVersion(dataset);
}, LONG_MS);
afterAll(() => server.stop());

it.each<[string, NetworkConfiguration]>([
  ["RFDN", { architecture: "rfdn", scale: 2, blocks: 2, features: 16 }],
  ["EDSR", { architecture: "edsr", scale: 2, blocks: 4, features: 16, residualScale: 1 }],
  ["RCAN", { architecture: "rcan", scale: 2, groups: 2, blocks: 2, features: 16, reduction: 4 }],
])(
  "a small %s is uploaded, counted, evaluated, halved, fine-tuned with dual networks of its own and exported",
  async (_name, configuration) => {
    const { graph, weights } = createModel({ ...configuration, seed: 3 }).primal;
    const uploaded = await client.models.upload({ name: "network.safetensors", data: stateDict(weights) });
    // The mean shift of EDSR and RCAN is no parameter.
    const counted = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(uploaded).toMatchObject({ architecture: graph.architecture, scale: 2, dualNetworks: 0 });
    expect(uploaded.cost).toEqual(costAtPublishedSizes(graph));
    expect(uploaded.cost.parameters).toBe(counted);

    const { id } = await client.compressions.create({
      dataset,
      model: { modelId: uploaded.id },
      budget: { of: "parameters", remove: 0.5 },
      fineTune: { steps: 2, batchSize: 1 },
      evaluation: { dataset, keepImages: true },
    });
    const compression = await client.compressions.wait(id);
    expect(compression.state, JSON.stringify(compression.jobs.map(({ error }) => error))).toBe("succeeded");
    const { achieved } = resultOf<ChannelSearchResult>(compression, "search");
    expect(achieved.met).toBe(true);
    const model = await client.models.get(compression.models.compressed ?? "");
    // Trained on the way.
    expect(model).toMatchObject({ architecture: graph.architecture, dualNetworks: 1 });
    expect(model.cost.parameters).toBe(achieved.parameters);
    const logs = await client.jobs.logs(compression.stages.fineTune);
    const patch = configuration.architecture === "rfdn" ? 48 : 24;
    expect(logs.map(({ line }) => line)).toContainEqual(
      expect.stringContaining(`Patches of ${patch} LR pixels a side.`),
    );
    const [original, compressed] = (["evaluateOriginal", "evaluateCompressed"] as const).map((stage) =>
      resultOf<EvaluateResult>(compression, stage),
    );
    expect([original.cost?.parameters, compressed.cost?.parameters]).toEqual([counted, achieved.parameters]);
    for (const { mean } of [original, compressed]) expect(mean.psnr).toBeGreaterThan(0);

    const file = await bytesOf(await client.models.download(model.id));
    expect(decodeModel(file).primal.graph.architecture).toBe(graph.architecture);
    const onnx = await bytesOf(await client.models.download(model.id, { format: "onnx" }));
    const [{ number, name }] = await client.datasets.images(dataset);
    const { image: lr } = await decodeImage(
      await bytesOf(await client.datasets.image(dataset, number, { size: "lr" })),
    );
    const artifact = compressed.images.find((image) => image.name === name)?.artifact ?? "";
    const evaluation = compression.stages.evaluateCompressed ?? "";
    const { image: sr } = await decodeImage(await bytesOf(await client.jobs.artifact(evaluation, artifact)));
    const found = await upscale(onnx, lr);
    expect([found.width, found.height]).toEqual([sr.width, sr.height]);
    // The server's image is rounded; the export's is not.
    const furthest = found.values.reduce((most, value, i) => Math.max(most, Math.abs(clip(value) - sr.data[i])), 0);
    expect(furthest).toBeLessThan(0.5 + 0.01);
  },
  LONG_MS,
);

function resultOf<T>({ jobs, stages }: CompressionDetailResource, stage: keyof typeof stages): T {
  return jobs.find(({ id }) => id === stages[stage])?.result as T;
}

/** As PyTorch has it: tensors alone, without a graph. */
function stateDict(weights: ReturnType<typeof createModel>["primal"]["weights"]): Blob {
  const tensors = [...weights].map(([name, tensor]) => [name, { dtype: "F32" as const, ...tensor }] as const);
  return new Blob([writeSafetensors(new Map(tensors)) as Uint8Array<ArrayBuffer>]);
}

async function bytesOf({ stream }: Download): Promise<Buffer> {
  return Buffer.from(await new Response(stream).arrayBuffer());
}

const clip = (value: number) => Math.min(255, Math.max(0, value));

async function upscale(onnx: Buffer, { data, width, height }: RgbImage) {
  const session = await InferenceSession.create(onnx);
  const pixels = width * height;
  const planes = Float32Array.from({ length: 3 * pixels }, (_, i) => data[3 * (i % pixels) + Math.floor(i / pixels)]);
  const input = new Tensor("float32", planes, [1, 3, height, width]);
  const { [ONNX_OUTPUT]: output } = await session.run({ [ONNX_INPUT]: input });
  await session.release();
  const [, , rows, columns] = output.dims;
  const sr = output.data as Float32Array;
  const values = Float32Array.from(sr, (_, i) => sr[(i % 3) * rows * columns + Math.floor(i / 3)]);
  return { values, width: columns, height: rows };
}
