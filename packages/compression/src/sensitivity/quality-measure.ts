import { type ComparisonProtocol, comparisonProtocol, type RgbImage } from "@drc/imaging";
import { type Model, type Network, networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { StageControl } from "../control.ts";
import { type EvaluationImage, evaluateNetwork } from "../evaluate.ts";
import { inputDualGradients } from "../input-dual-loss.ts";
import { LoadedModel } from "../loaded-model.ts";
import { type DualRegressionGradients, dualRegressionGradients } from "../loss.ts";
import { type CalibrationImage, pyramid } from "../training-image.ts";
import { upscaleImage } from "../upscale.ts";

export interface MeasuredLoss {
  /** Mean over the images, gray levels of 0..255. */
  loss: number;
  /** Mean over the images in dB; null where an image is exactly matched. */
  psnr: number | null;
}

/**
 * Loss and PSNR of versions of one network on the same images: the dual regression loss and PSNR to the HR images, or,
 * where there are LR images alone, the dual loss of the input and PSNR to the original network's outputs.
 */
export class QualityMeasure {
  readonly against: "HR images" | "the original network's outputs";
  readonly loss: "L_P + 0.1 L_D" | "L_P" | "L_D of the input";
  readonly protocol: ComparisonProtocol;
  private readonly tensorflow: TensorFlow;
  private readonly model: Model;
  private readonly images: readonly CalibrationImage[];
  private readonly pairs: readonly EvaluationImage[];
  private readonly control: StageControl;

  private constructor(
    tensorflow: TensorFlow,
    model: Model,
    images: readonly CalibrationImage[],
    pairs: readonly EvaluationImage[],
    control: StageControl,
  ) {
    this.tensorflow = tensorflow;
    this.model = model;
    this.images = images;
    this.pairs = pairs;
    this.control = control;
    const hasHr = images.every(({ hr }) => hr !== undefined);
    this.against = hasHr ? "HR images" : "the original network's outputs";
    if (hasHr) this.loss = model.duals.length > 0 ? "L_P + 0.1 L_D" : "L_P";
    else this.loss = "L_D of the input";
    this.protocol = comparisonProtocol({ scale: networkScale(model.primal.graph) });
  }

  /** @param model the original network with the dual networks, which stay as they are. */
  static async of(
    tensorflow: TensorFlow,
    model: Model,
    images: readonly CalibrationImage[],
    control: StageControl,
  ): Promise<QualityMeasure> {
    const original = new LoadedModel(tensorflow, { primal: model.primal, duals: [] });
    try {
      const hasHr = images.every(({ hr }) => hr !== undefined);
      const pairs: EvaluationImage[] = [];
      for (const { name, lrs, hr } of images) {
        const [lr] = lrs;
        pairs.push({ name, lr, hr: hasHr && hr ? hr : await upscaleImage(tensorflow, original.primal, lr) });
      }
      return new QualityMeasure(tensorflow, model, images, pairs, control);
    } finally {
      original.dispose();
    }
  }

  async measure(primal: Network): Promise<MeasuredLoss> {
    const loaded = new LoadedModel(this.tensorflow, { ...this.model, primal });
    try {
      let sum = 0;
      for (const image of this.images) sum += this.lossOf(loaded, pyramid(image));
      const { mean } = await evaluateNetwork(this.tensorflow, loaded.primal, this.pairs, {
        signal: this.control.signal,
      });
      return { loss: sum / this.images.length, psnr: mean.psnr };
    } finally {
      loaded.dispose();
    }
  }

  private lossOf({ primal, duals }: LoadedModel, images: readonly RgbImage[]): number {
    const { tf } = this.tensorflow;
    const tensors = images.map(({ data, height, width }) =>
      tf.tensor(Float32Array.from(data), [1, height, width, 3], "float32"),
    );
    const run = primal.compiled.forward(primal.parameters, tensors[0]);
    const terms = this.terms({ primal, duals }, run.outputs, tensors);
    const sum = (losses: readonly Tensor[]) => losses.reduce((total, loss) => total + loss.dataSync<"float32">()[0], 0);
    const dualWeight = this.loss === "L_D of the input" ? 1 : DUAL_WEIGHT;
    const loss = sum(terms.primalLosses) + dualWeight * sum(terms.dualLosses);
    terms.dispose();
    run.dispose();
    tf.dispose(tensors);
    return loss;
  }

  private terms(
    { primal, duals }: Pick<LoadedModel, "primal" | "duals">,
    outputs: readonly Tensor[],
    images: readonly Tensor[],
  ): DualRegressionGradients {
    if (this.loss === "L_D of the input") {
      return inputDualGradients(this.tensorflow, primal, duals, outputs, images[0], 1, false);
    }
    const weights = { primal: 1, dual: DUAL_WEIGHT };
    return dualRegressionGradients(this.tensorflow, primal, duals, outputs, images, weights, false);
  }
}

/** λ, as published. */
const DUAL_WEIGHT = 0.1;
