import { createModel, type Model, prunableGroups } from "@drc/network";
import { loadTensorFlow, parameter, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { calibrationBatches } from "../calibration.ts";
import { LoadedModel } from "../loaded-model.ts";
import { RegressionStep } from "../regression-step.ts";
import { convolution } from "../second-order/sample-consumers.ts";
import { firstOrderChanges } from "./taylor.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

it("equals the slope of the loss as a channel is scaled down", () => {
  const { tf } = tensorflow;
  const model: Model = createModel({ blocks: 1, features: 4, scale: 2, seed: 3 });
  const images = [trainingImage("picture", syntheticPicture(64, 48, 1), 2)];
  const [batch] = calibrationBatches(tensorflow, images, { batches: 1, batchSize: 2, patchSize: 16, dualWeight: 1 }, 1);
  const [, group] = prunableGroups(model.primal.graph);
  const loaded = new LoadedModel(tensorflow, model);
  const changes = firstOrderChanges(tensorflow, loaded, group, batch.images, 1);

  const { parameters, compiled } = loaded.primal;
  const node = convolution(compiled.graph, group.consumers[0].node);
  const filter = parameter(parameters, node.weight);
  const lossScaled = (channel: number, factor: number) => {
    const scales = Array.from({ length: node.inChannels }, (_, input) => (input === channel ? factor : 1));
    parameters.set(node.weight, tf.mul(filter, tf.tensor(scales, [1, 1, node.inChannels, 1])));
    const step = new RegressionStep(tensorflow, loaded, 1);
    const { loss, gradient } = step.gradient(batch.images);
    gradient.dispose();
    step.dispose();
    return loss.total;
  };
  const slopes = Array.from({ length: group.width }, (_, channel) => {
    const by = 0.05;
    return (lossScaled(channel, 1 + by) - lossScaled(channel, 1 - by)) / (2 * by);
  });
  const largest = Math.max(...slopes.map(Math.abs));
  slopes.forEach((slope, channel) => {
    expect(Math.abs(changes[channel] - slope)).toBeLessThan(0.05 * largest);
  });
  loaded.dispose();
  batch.dispose();
});
