/**
 * The greedy rule with its cache beside the same rule without one, on layers from all over a network: seconds and order.
 *
 *   npx tsx packages/compression/bench/cached-greedy.ts MODEL [LAYERS]
 *
 * The images are random: what is computed does not depend on them. Half of each layer's channels are kept.
 */
import { readFile } from "node:fs/promises";
import { type Conv2dNode, decodeModel, findNode, networkScale, prunableGroups } from "@drc/network";
import { loadTensorFlow } from "@drc/tensorflow";
import { calibrationBatches } from "../src/index.ts";
import { greedyChooser } from "../src/prune/greedy.ts";
import { syntheticPicture, trainingImage } from "../test/synthetic-images.ts";
import { uncachedGreedy } from "../test/uncached-greedy.ts";

const [file, layers = "5"] = process.argv.slice(2);
const model = decodeModel(new Uint8Array(await readFile(file)));
const tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
const scale = networkScale(model.primal.graph);
const images = [1, 2].map((seed) =>
  trainingImage(`picture-${seed}`, syntheticPicture(48 * scale, 48 * scale, seed), scale),
);
const batches = calibrationBatches(tensorflow, images, { batches: 2, batchSize: 8, patchSize: 24, dualWeight: 0.1 }, 1);
const rule = { tensorflow, batches, dualWeight: 0.1, learningRate: 5e-5 };
const groups = prunableGroups(model.primal.graph);
const totals = { cached: 0, uncached: 0 };
for (let i = 0; i < Number(layers); i++) {
  const index = Math.round((i * (groups.length - 1)) / Math.max(1, Number(layers) - 1));
  const group = groups[index];
  const keep = Math.floor(group.width / 2);
  const started = performance.now();
  const chooser = greedyChooser({ ...rule, model, channelsPerRound: 1 });
  const choice = await chooser.choose(model.primal, group, { keep, index, kept: {}, onRound: async () => {} });
  chooser.dispose();
  const between = performance.now();
  const consumer = findNode(model.primal.graph, group.consumers[0].node) as Conv2dNode;
  const plain = uncachedGreedy({ ...rule, original: model, current: model, group, consumer, keep });
  const cached = (between - started) / 1000;
  const uncached = (performance.now() - between) / 1000;
  totals.cached += cached;
  totals.uncached += uncached;
  const sameOrder = JSON.stringify(choice.order) === JSON.stringify(plain.order);
  console.log(JSON.stringify({ layer: group.name, keep, cached, uncached, ratio: uncached / cached, sameOrder }));
}
console.log(JSON.stringify({ ...totals, ratio: totals.uncached / totals.cached }));
