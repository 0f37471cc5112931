import { lastFeature, NetworkError, type NetworkGraph } from "@drc/network";
import type { Run, TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { LoadedNetwork } from "./loaded-model.ts";

/** The teacher's term of a loss and its gradient at a node of the student; the caller disposes both. */
export interface TeacherTerm {
  /** Mean of (channel mean of the student's feature − that of the teacher's)², without its weight; a scalar. */
  loss: Tensor;
  /** weight·∂loss/∂feature, shaped like the student's feature. */
  gradient: Tensor;
}

/** Throws `NetworkError` with `ARCHITECTURE_MISMATCH` where the networks' last features differ in size. */
export function checkTeacher(teacher: NetworkGraph, student: NetworkGraph): void {
  const [ofTeacher, ofStudent] = [lastFeature(teacher).scale, lastFeature(student).scale];
  if (ofTeacher === ofStudent) return;
  throw new NetworkError(
    "ARCHITECTURE_MISMATCH",
    `The teacher's last feature is at ×${ofTeacher} of its input, the student's at ×${ofStudent}; ` +
      "they have to be of one size.",
  );
}

/**
 * A teacher in fine-tuning (METHOD, section 5): the mean over the channels of what the student's last tail convolution
 * reads is drawn to that of the teacher's. So the networks may differ in everything but the size of that feature.
 */
export class FeatureTeacher {
  /** The student's node at whose output the term's gradient stands. */
  readonly studentNode: string;
  readonly weight: number;
  private readonly tensorflow: TensorFlow;
  private readonly teacher: LoadedNetwork;
  private readonly teacherNode: string;

  /** The graphs have to pass `checkTeacher`. */
  constructor(tensorflow: TensorFlow, teacher: LoadedNetwork, student: NetworkGraph, weight: number) {
    this.tensorflow = tensorflow;
    this.teacher = teacher;
    this.weight = weight;
    this.studentNode = lastFeature(student).node;
    this.teacherNode = lastFeature(teacher.compiled.graph).node;
  }

  /** `input` is what `student` was computed on, `[batch, height, width, 3]`, RGB in 0..255. */
  term(student: Run, input: Tensor): TeacherTerm {
    const { tf, operations: op } = this.tensorflow;
    const { compiled, parameters } = this.teacher;
    const run = compiled.forward(parameters, input, { targets: [this.teacherNode] });
    const feature = student.value(this.studentNode);
    const [loss, gradient] = tf.tidy(() => {
      const difference = op.subtract(tf.mean(feature, -1, true), tf.mean(run.outputs[0], -1, true));
      const channels = feature.shape[feature.shape.length - 1];
      const slope = op.multiply(difference, tf.scalar((2 * this.weight) / (difference.size * channels)));
      return [op.meanOfAll(op.square(difference)), op.broadcastTo(slope, feature.shape)];
    });
    run.dispose();
    return { loss, gradient };
  }
}
