#!/usr/bin/env node
// Compresses one network by ten ratios, is told by webhooks when each compression has ended, and prints a table:
//
//   node examples/ten-ratios.mjs --images FOLDER [--evaluation FOLDER] [--model ID] [--steps N] [--fine-tune-steps N]
//
// DRC_URL and DRC_API_KEY are the server's address and an API key. Without --model a small network is trained first.
import { openAsBlob } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { parseArgs } from "node:util";
import { DrcClient, verifyWebhook, WebhookVerificationError } from "../packages/sdk/dist/drc-sdk.js";

const RATIOS = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5];
const SCALE = 4;

const { values: options } = parseArgs({
  options: {
    images: { type: "string" },
    /** Images to measure with; those of --images by default, which flatters every ratio alike. */
    evaluation: { type: "string" },
    model: { type: "string" },
    steps: { type: "string", default: "300" },
    "fine-tune-steps": { type: "string", default: "100" },
    /** Where the server reaches this machine. */
    host: { type: "string", default: "127.0.0.1" },
  },
});
const { DRC_URL: url, DRC_API_KEY: key } = process.env;
if (!url || !key || !options.images) {
  console.error("Set DRC_URL and DRC_API_KEY, and give --images FOLDER; see docs/sdk.md.");
  process.exit(2);
}
const drc = new DrcClient({ url, key });

const dataset = await uploadFolder(options.images);
const measured = options.evaluation ? await uploadFolder(options.evaluation) : dataset;
const modelId = options.model ?? (await trainSmall(dataset));
console.error(`Network: ${modelId}`);

// The receiver, and the webhook that calls it. Messages may come twice: the last state of each compression counts.
const ended = new Map();
let changed = () => {};
let secret = "";
const receiver = createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { data } = await verifyWebhook(secret, request.headers, Buffer.concat(chunks));
    response.writeHead(204).end();
    ended.set(data.id, data.state);
    changed();
  } catch (error) {
    response.writeHead(error instanceof WebhookVerificationError ? 401 : 500).end();
  }
});
await new Promise((resolve) => receiver.listen(0, options.host, resolve));
const webhook = await drc.webhooks.create({
  url: `http://${options.host}:${receiver.address().port}/`,
  description: "ten ratios",
  events: ["compression.succeeded", "compression.failed", "compression.cancelled"],
});
secret = webhook.secret;

try {
  const compressions = [];
  for (const remove of RATIOS) {
    const { id } = await drc.compressions.create({
      name: `remove ${remove}`,
      labels: ["ten-ratios"],
      dataset,
      model: { modelId },
      budget: { of: "parameters", remove },
      fineTune: { steps: Number(options["fine-tune-steps"]) },
      evaluation: { dataset: measured },
    });
    compressions.push({ id, remove });
  }
  await until(() => {
    const count = compressions.filter(({ id }) => ended.has(id)).length;
    console.error(`${count} of ${compressions.length} have ended.`);
    return count === compressions.length;
  });
  const rows = [];
  for (const { id, remove } of compressions) rows.push(await rowOf(id, remove));
  console.table(rows);
} finally {
  await drc.webhooks.delete(webhook.id);
  receiver.close();
}

/** A dataset version of a folder's files, when it is ready. */
async function uploadFolder(folder) {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const files = names.map(async ({ name }) => ({ name, data: await openAsBlob(path.join(folder, name)) }));
  const { id } = await drc.datasets.create({ name: path.basename(path.resolve(folder)) });
  await drc.datasets.upload(id, await Promise.all(files));
  const { version } = await drc.datasets.createVersion(id, { scale: SCALE });
  const input = { datasetId: id, version };
  const { state, badFiles } = await drc.datasets.waitForVersion(input);
  if (state !== "ready") throw new Error(`${folder} cannot be used. ${badFiles.map(({ detail }) => detail).join(" ")}`);
  return input;
}

async function trainSmall(input) {
  const network = { blocks: 2, features: 8, scale: SCALE };
  const { id } = await drc.jobs.create({
    kind: "train",
    spec: { network, dataset: input, settings: { steps: Number(options.steps) } },
  });
  for await (const { type, data } of drc.jobs.stream(id, { kinds: ["progress"] })) {
    if (type === "progress") console.error(`${data.stage}: step ${data.step} of ${data.of}`);
  }
  const { state, result, error } = await drc.jobs.get(id);
  if (state !== "succeeded") throw new Error(`The training has ${state}. ${error?.detail ?? ""}`);
  return result.modelId;
}

async function rowOf(id, remove) {
  const { state, jobs, stages } = await drc.compressions.get(id);
  const resultOf = (stage) => jobs.find((job) => job.id === stages[stage])?.result;
  const [plan, original, compressed] = ["search", "evaluateOriginal", "evaluateCompressed"].map(resultOf);
  return {
    "to remove": `${(100 * remove).toFixed(0)} %`,
    removed: plan ? `${(100 * plan.achieved.removedShare).toFixed(1)} %` : "–",
    parameters: compressed?.cost?.parameters ?? "–",
    "PSNR (dB)": compressed?.mean.psnr?.toFixed(2) ?? "–",
    "original's": original?.mean.psnr?.toFixed(2) ?? "–",
    state,
  };
}

/** Checks again each time that a message has come. */
async function until(condition) {
  while (true) {
    const next = new Promise((resolve) => {
      changed = resolve;
    });
    if (condition()) return;
    await next;
  }
}
