import type { Run, TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { FeatureTeacher } from "./feature-teacher.ts";
import { FlatParameters } from "./flat-parameters.ts";
import { inputDualGradients } from "./input-dual-loss.ts";
import type { LoadedModel, LoadedNetwork } from "./loaded-model.ts";
import { type DualRegressionGradients, dualRegressionGradients } from "./loss.ts";
import { originalOutputGradients } from "./original-loss.ts";

/** Loss of one batch, read from the device. */
export interface StepLoss {
  /** L_P + λ·L_D, and the teacher's term where there is a teacher. */
  total: number;
  /** L_P, summed over the outputs. */
  primal: number;
  /** L_D, summed over the dual networks, without λ; 0 where λ is. */
  dual: number;
  /** The teacher's term without its weight; 0 without a teacher. */
  teacher: number;
  /** ‖gradient‖₂ over all trainable parameters. */
  gradientNorm: number;
  finite: boolean;
}

/** One step's loss with the gradient of all trainable parameters as one vector, in the order of `parameters`. */
export interface StepGradient {
  loss: StepLoss;
  gradient: Tensor;
}

export interface RegressionStepExtras {
  /**
   * A network whose outputs are the targets, in the place of images: a batch is then the network's input alone, and L_D
   * maps every output down to it. Its outputs have to be those of the trained network in number and scale.
   */
  original?: LoadedNetwork;
  teacher?: FeatureTeacher;
}

/** One forward and backward pass, over samples of one kind. */
interface Pass {
  parts: DualRegressionGradients;
  primalGradients: Map<string, Tensor>;
  teacherLoss: Tensor | undefined;
  /** Of the batch: what its dual loss counts for. */
  share: number;
}

/** The dual regression loss of a model's networks over batches, with gradients for all of their parameters. */
export class RegressionStep {
  readonly parameters: FlatParameters;
  private readonly tensorflow: TensorFlow;
  private readonly model: LoadedModel;
  private readonly duals: LoadedNetwork[];
  private readonly dualWeight: number;
  private readonly extras: RegressionStepExtras;

  /** With `dualWeight` (λ) 0 the dual networks are neither computed nor trained. */
  constructor(tensorflow: TensorFlow, model: LoadedModel, dualWeight: number, extras: RegressionStepExtras = {}) {
    this.tensorflow = tensorflow;
    this.model = model;
    this.dualWeight = dualWeight;
    this.extras = extras;
    this.duals = dualWeight === 0 ? [] : model.duals;
    this.parameters = new FlatParameters(tensorflow, [model.primal, ...this.duals]);
  }

  /**
   * `images[i]` at ×2^i of the network's input, as in `Batch`. The caller disposes the gradient.
   *
   * L_P and L_D are means over the samples that have them: the samples of `unpaired`, LR images without an HR twin,
   * count in L_D alone. What is known of them is the network's input, so every output is mapped down to it.
   *
   * `meanwhile` is called when all is handed to the device, before anything is waited for.
   */
  gradient(images: readonly Tensor[], unpaired?: Tensor, meanwhile?: () => void): StepGradient {
    const paired = this.pairedPass(images, unpaired);
    const passes = unpaired ? [paired, this.unpairedPass(unpaired, 1 - paired.share)] : [paired];
    const gradient = this.flatten(passes);
    meanwhile?.();
    const loss = this.readLoss(passes, gradient);
    for (const { parts, primalGradients, teacherLoss } of passes) {
      parts.dispose();
      for (const tensor of primalGradients.values()) tensor.dispose();
      teacherLoss?.dispose();
    }
    return { loss, gradient };
  }

  dispose(): void {
    this.parameters.dispose();
  }

  private pairedPass(images: readonly Tensor[], unpaired: Tensor | undefined): Pass {
    const { tensorflow, model, duals, dualWeight } = this;
    const { original, teacher } = this.extras;
    const [input] = images;
    const share = unpaired ? input.shape[0] / (input.shape[0] + unpaired.shape[0]) : 1;
    const lossOf = ({ outputs }: Run) => {
      if (!original) {
        const weights = { primal: 1, dual: dualWeight * share };
        return dualRegressionGradients(tensorflow, model.primal, duals, outputs, images, weights, true);
      }
      const targets = original.compiled.forward(original.parameters, input);
      const parts = originalOutputGradients(
        tensorflow,
        model.primal,
        duals,
        outputs,
        targets.outputs,
        input,
        dualWeight * share,
      );
      targets.dispose();
      return parts;
    };
    return { ...this.pass(input, lossOf, teacher), share };
  }

  private unpairedPass(input: Tensor, share: number): Pass {
    const { tensorflow, model, duals, dualWeight } = this;
    const lossOf = ({ outputs }: Run) =>
      inputDualGradients(tensorflow, model.primal, duals, outputs, input, dualWeight * share, true);
    return { ...this.pass(input, lossOf, undefined), share };
  }

  private pass(
    input: Tensor,
    lossOf: (run: Run) => DualRegressionGradients,
    teacher: FeatureTeacher | undefined,
  ): Omit<Pass, "share"> {
    const { primal } = this.model;
    const run = primal.compiled.forward(primal.parameters, input, { keep: "gradients" });
    const parts = lossOf(run);
    const term = teacher?.term(run, input);
    const { parameters: primalGradients } = run.backward(parts.outputGradients, {
      extra: teacher && term && new Map([[teacher.studentNode, term.gradient]]),
    });
    run.dispose();
    term?.gradient.dispose();
    return { parts, primalGradients, teacherLoss: term?.loss };
  }

  /** The sum of the passes' gradients. The input's dual loss does not touch the ×1 output: a pass may lack some. */
  private flatten(passes: readonly Pass[]): Tensor {
    const { model, duals } = this;
    const { operations: op, tf } = this.tensorflow;
    const sums: Tensor[] = [];
    const vector = this.parameters.flatten((network, name) => {
      const [first, second] = passes
        .map(({ parts, primalGradients }) =>
          (network === model.primal ? primalGradients : parts.dualGradients[duals.indexOf(network)]).get(name),
        )
        .filter((tensor) => tensor !== undefined);
      if (!first) throw new Error(`The loss has no gradient for "${name}".`);
      if (!second) return first;
      const sum = op.add(first, second);
      sums.push(sum);
      return sum;
    });
    tf.dispose(sums);
    return vector;
  }

  /** One read for all scalars: each read waits for the device. */
  private readLoss(passes: readonly Pass[], gradient: Tensor): StepLoss {
    const { operations: op, tf } = this.tensorflow;
    const scalars = [op.halfSumOfSquares(gradient)];
    const at = (tensors: readonly Tensor[]) => tensors.map((tensor) => scalars.push(tensor) - 1);
    const terms = passes.map(({ parts, teacherLoss, share }) => ({
      share,
      primal: at(parts.primalLosses),
      dual: at(parts.dualLosses),
      teacher: at(teacherLoss ? [teacherLoss] : []),
    }));
    const flat = scalars.map((scalar) => op.reshape(scalar, [1]));
    const together = op.concat(flat, 0);
    const values = together.dataSync<"float32">();
    tf.dispose([scalars[0], together, ...flat]);

    const sum = (positions: readonly number[]) => positions.reduce((total, i) => total + values[i], 0);
    const gradientNorm = Math.sqrt(2 * values[0]);
    const primal = sum(terms.flatMap((term) => term.primal));
    const dual = terms.reduce((total, term) => total + term.share * sum(term.dual), 0);
    const teacher = sum(terms.flatMap((term) => term.teacher));
    const total = primal + this.dualWeight * dual + (this.extras.teacher?.weight ?? 0) * teacher;
    return {
      total,
      primal,
      dual,
      teacher,
      gradientNorm,
      finite: Number.isFinite(total) && Number.isFinite(gradientNorm),
    };
  }
}
