#!/usr/bin/env node
// Compresses one network by ten ratios, is told by webhooks when each compression has ended, and prints a table:
//
//   node examples/ten-ratios.mjs --images FOLDER [--evaluation FOLDER] [--model ID] [--steps N] [--fine-tune-steps N]
//
// DRC_URL and DRC_API_KEY are the server's address and an API key. Without --model a small network is trained first.
import { openAsBlob } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { constants } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { DrcClient, verifyWebhook, WebhookVerificationError } from "../packages/sdk/dist/drc-sdk.js";

const RATIOS = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5];
const SCALE = 4;

const USAGE = `node examples/ten-ratios.mjs --images FOLDER [options]

Compresses one network by ten ratios, is told by webhooks of each end, and prints a table.
DRC_URL and DRC_API_KEY are the server's address and an API key; docs/sdk.md has an example.

  --images FOLDER        images to train with
  --evaluation FOLDER    images to measure with; by default those of --images, which flatters every ratio alike
  --model ID             network to compress (mdl_…); by default a small one is trained first
  --steps N              training steps of that one (300)
  --fine-tune-steps N    fine-tuning steps of each compression (100)
  --host ADDRESS         where the server reaches this machine (127.0.0.1)

Ctrl-C removes the webhook. What runs at the server goes on: the program says what that is, and how to cancel it.`;

const options = givenOptions();
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
const { DRC_URL: url, DRC_API_KEY: key } = process.env;
if (!url || !key || !options.images) {
  console.error("Set DRC_URL and DRC_API_KEY, and give --images FOLDER; --help says more.");
  process.exit(2);
}
const drc = new DrcClient({ url, key });

// What a signal has to know: what is being made, the webhook, and what runs at the server.
let stopping = false;
let making = Promise.resolve();
let webhook;
const running = new Set();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));

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
    running.delete(data.id);
    changed();
  } catch (error) {
    response.writeHead(error instanceof WebhookVerificationError ? 401 : 500).end();
  }
});
await new Promise((resolve) => receiver.listen(0, options.host, resolve));
webhook = await make(() =>
  drc.webhooks.create({
    url: `http://${options.host}:${receiver.address().port}/`,
    description: "ten ratios",
    events: ["compression.succeeded", "compression.failed", "compression.cancelled"],
  }),
);
secret = webhook.secret;

try {
  const compressions = [];
  for (const remove of RATIOS) {
    const { id } = await make(() =>
      drc.compressions.create({
        name: `remove ${remove}`,
        labels: ["ten-ratios"],
        dataset,
        model: { modelId },
        budget: { of: "parameters", remove },
        fineTune: { steps: Number(options["fine-tune-steps"]) },
        evaluation: { dataset: measured },
      }),
    );
    running.add(id);
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
  // After a signal it is removed already.
  if (!stopping) await drc.webhooks.delete(webhook.id);
  receiver.close();
}

/** The options of the command line; for one that is unknown a line, and the end. */
function givenOptions() {
  const text = { type: "string" };
  try {
    return parseArgs({
      options: {
        images: text,
        evaluation: text,
        model: text,
        steps: { ...text, default: "300" },
        "fine-tune-steps": { ...text, default: "100" },
        host: { ...text, default: "127.0.0.1" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    console.error(`${error.message.split("\n")[0].replace(/\.$/, "")}. --help says which options there are.`);
    process.exit(2);
  }
}

/** Makes something at the server, so that a signal meanwhile waits for its answer; after a signal nothing more is made. */
function make(request) {
  if (stopping) return new Promise(() => {});
  const made = request();
  making = made.then(
    () => {},
    () => {},
  );
  return made;
}

/** Removes the webhook, says what goes on at the server, and ends; a second signal ends at once. */
async function stop(signal) {
  const code = 128 + constants.signals[signal];
  if (stopping) process.exit(code);
  stopping = true;
  // One turn more than the promise: whoever made it has noted it then.
  await making.then(() => new Promise(setImmediate));
  if (webhook) {
    await drc.webhooks.delete(webhook.id).then(
      () => console.error("The webhook is removed."),
      (error) => console.error(`The webhook ${webhook.id} is still there: ${error.message}`),
    );
  }
  if (running.size > 0) {
    const ids = [...running].join(" ");
    console.error(`At the server goes on: ${ids}`);
    console.error(`To cancel all of it: for id in ${ids}; do npx drc cancel $id; done`);
  }
  process.exit(code);
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
  const { id } = await make(() =>
    drc.jobs.create({
      kind: "train",
      spec: { network, dataset: input, settings: { steps: Number(options.steps) } },
    }),
  );
  running.add(id);
  for await (const { type, data } of drc.jobs.stream(id, { kinds: ["progress"] })) {
    if (type === "progress") console.error(`${data.stage}: step ${data.step} of ${data.of}`);
  }
  const { state, result, error } = await drc.jobs.get(id);
  running.delete(id);
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
