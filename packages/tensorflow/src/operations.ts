/**
 * TensorFlow's own operations by name, as typed functions over tensors.
 *
 * TF.js composes many gradients from primitives; the native runtime has the real ones, and calling them
 * directly is what makes a training step fast. Each call makes a new tensor that the caller disposes.
 * Layout is `[batch, height, width, channels]`, filters are `[height, width, in, out]`.
 */
import type * as tfjs from "@tensorflow/tfjs-node-gpu";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";

interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

interface Binding {
  TF_Version: string;
  TF_ATTR_INT: number;
  TF_ATTR_STRING: number;
  TF_ATTR_FLOAT: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_TYPE: number;
  TF_FLOAT: number;
  TF_INT32: number;
}

export interface NativeBackend {
  binding: Binding;
  isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attributes: Attribute[], inputs: Tensor[]): Tensor;
  executeMultipleOutputs(name: string, attributes: Attribute[], inputs: Tensor[], outputs: number): Tensor[];
}

/** Stride and zero padding of a convolution, the same on both axes. */
export interface ConvolutionGeometry {
  stride: number;
  padding: number;
}

export type Operations = ReturnType<typeof createOperations>;

export function createOperations(tf: typeof tfjs, backend: NativeBackend) {
  const { binding } = backend;
  const float: Attribute = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const indexType = (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 });
  const text = (name: string, value: string): Attribute => ({ name, type: binding.TF_ATTR_STRING, value });
  const integer = (name: string, value: number | number[]): Attribute => ({ name, type: binding.TF_ATTR_INT, value });
  const truth = (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const real = (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_FLOAT, value });

  const run = (name: string, attributes: Attribute[], inputs: Tensor[]) =>
    backend.executeSingleOutput(name, attributes, inputs);
  const onlyFloat = [float];
  const nhwc = [float, text("data_format", "NHWC")];

  /** Small constant index tensors are made once: a step uses the same shapes again and again. */
  const constants = new Map<string, Tensor>();
  function indices(values: readonly number[]): Tensor {
    const key = values.join(",");
    let constant = constants.get(key);
    if (!constant) {
      constant = tf.keep(tf.tensor1d(values as number[], "int32"));
      constants.set(key, constant);
    }
    return constant;
  }
  const scalars = new Map<number, Tensor>();
  /** An int32 scalar that lives as long as the process. */
  function axis(value: number): Tensor {
    let constant = scalars.get(value);
    if (!constant) {
      constant = tf.keep(tf.scalar(value, "int32"));
      scalars.set(value, constant);
    }
    return constant;
  }

  const convolutions = new Map<string, Attribute[]>();
  function convolutionAttributes(
    { stride, padding }: ConvolutionGeometry,
    [height, width]: readonly number[],
  ): Attribute[] {
    const key = `${stride}/${padding}/${height}×${width}`;
    let attributes = convolutions.get(key);
    if (!attributes) {
      // oneDNN's kernels take part only where the padding has a name.
      const same = stride === 1 && height === width && 2 * padding === height - 1;
      const scheme = padding === 0 ? "VALID" : same ? "SAME" : "EXPLICIT";
      attributes = [
        float,
        integer("strides", [1, stride, stride, 1]),
        text("padding", scheme),
        text("data_format", "NHWC"),
        truth("use_cudnn_on_gpu", true),
        integer("dilations", [1, 1, 1, 1]),
        integer("explicit_paddings", scheme === "EXPLICIT" ? [0, 0, padding, padding, padding, padding, 0, 0] : []),
      ];
      convolutions.set(key, attributes);
    }
    return attributes;
  }
  const reductionAttributes = [float, indexType("Tidx"), truth("keep_dims", true)];
  const fullReductionAttributes = [float, indexType("Tidx"), truth("keep_dims", false)];
  const reshapeAttributes = [float, indexType("Tshape")];
  const concatAttributes = (count: number) => [integer("N", count), float, indexType("Tidx")];

  return {
    conv2d: (x: Tensor, filter: Tensor, geometry: ConvolutionGeometry) =>
      run("Conv2D", convolutionAttributes(geometry, filter.shape), [x, filter]),
    conv2dInputGradient: (
      inputShape: readonly number[],
      filter: Tensor,
      gradient: Tensor,
      geometry: ConvolutionGeometry,
    ) =>
      run("Conv2DBackpropInput", convolutionAttributes(geometry, filter.shape), [
        indices(inputShape),
        filter,
        gradient,
      ]),
    conv2dFilterGradient: (
      x: Tensor,
      filterShape: readonly number[],
      gradient: Tensor,
      geometry: ConvolutionGeometry,
    ) => run("Conv2DBackpropFilter", convolutionAttributes(geometry, filterShape), [x, indices(filterShape), gradient]),
    biasAdd: (x: Tensor, bias: Tensor) => run("BiasAdd", nhwc, [x, bias]),
    biasGradient: (gradient: Tensor) => run("BiasAddGrad", nhwc, [gradient]),
    relu: (x: Tensor) => run("Relu", onlyFloat, [x]),
    /** `output` is the result of `relu`. */
    reluGradient: (gradient: Tensor, output: Tensor) => run("ReluGrad", onlyFloat, [gradient, output]),
    leakyRelu: (x: Tensor, slope: number) => run("LeakyRelu", [float, real("alpha", slope)], [x]),
    /** `output` is the result of `leakyRelu`; its sign is that of the input because the slope is positive. */
    leakyReluGradient: (gradient: Tensor, output: Tensor, slope: number) =>
      run("LeakyReluGrad", [float, real("alpha", slope)], [gradient, output]),
    sigmoid: (x: Tensor) => run("Sigmoid", onlyFloat, [x]),
    /** `output` is the result of `sigmoid`. */
    sigmoidGradient: (gradient: Tensor, output: Tensor) => run("SigmoidGrad", onlyFloat, [output, gradient]),
    add: (a: Tensor, b: Tensor) => run("AddV2", onlyFloat, [a, b]),
    addAll: (tensors: Tensor[]) => run("AddN", [integer("N", tensors.length), float], tensors),
    subtract: (a: Tensor, b: Tensor) => run("Sub", onlyFloat, [a, b]),
    multiply: (a: Tensor, b: Tensor) => run("Mul", onlyFloat, [a, b]),
    divide: (a: Tensor, b: Tensor) => run("RealDiv", onlyFloat, [a, b]),
    square: (x: Tensor) => run("Square", onlyFloat, [x]),
    squareRoot: (x: Tensor) => run("Sqrt", onlyFloat, [x]),
    sign: (x: Tensor) => run("Sign", onlyFloat, [x]),
    absolute: (x: Tensor) => run("Abs", onlyFloat, [x]),
    depthToSpace: (x: Tensor, factor: number) => run("DepthToSpace", [...nhwc, integer("block_size", factor)], [x]),
    spaceToDepth: (x: Tensor, factor: number) => run("SpaceToDepth", [...nhwc, integer("block_size", factor)], [x]),
    /** Mean over height and width, `[batch, 1, 1, channels]`. */
    meanOverPositions: (x: Tensor) => run("Mean", reductionAttributes, [x, indices([1, 2])]),
    /** Sum over height and width, `[batch, 1, 1, channels]`. */
    sumOverPositions: (x: Tensor) => run("Sum", reductionAttributes, [x, indices([1, 2])]),
    /** Mean of all elements, a scalar. */
    meanOfAll: (x: Tensor) => run("Mean", fullReductionAttributes, [x, indices(x.shape.map((_, i) => i))]),
    /** Sum of all elements, a scalar. */
    sumOfAll: (x: Tensor) => run("Sum", fullReductionAttributes, [x, indices(x.shape.map((_, i) => i))]),
    broadcastTo: (x: Tensor, shape: readonly number[]) =>
      run("BroadcastTo", [float, indexType("Tidx")], [x, indices(shape)]),
    reshape: (x: Tensor, shape: readonly number[]) => run("Reshape", reshapeAttributes, [x, indices(shape)]),
    concat: (tensors: Tensor[], along: number) =>
      run("ConcatV2", concatAttributes(tensors.length), [...tensors, axis(along)]),
    slice: (x: Tensor, begin: readonly number[], size: readonly number[]) =>
      run("Slice", [float, indexType("Index")], [x, indices(begin), indices(size)]),
    /** A flat tensor cut into pieces of the given lengths. */
    split: (x: Tensor, lengths: readonly number[]) =>
      backend.executeMultipleOutputs(
        "SplitV",
        [integer("num_split", lengths.length), float, indexType("Tlen")],
        [x, indices(lengths), axis(0)],
        lengths.length,
      ),
    /** Picks `positions` along the last axis. */
    gatherChannels: (x: Tensor, positions: readonly number[]) =>
      run(
        "GatherV2",
        [
          integer("batch_dims", 0),
          { name: "Tparams", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
          indexType("Tindices"),
          indexType("Taxis"),
        ],
        [x, indices(positions), axis(x.shape.length - 1)],
      ),
    /** Matrix product over the last two axes, with broadcasting over the others. */
    matrixMultiply: (a: Tensor, b: Tensor, adjointA = false) =>
      run("BatchMatMulV2", [float, truth("adj_x", adjointA), truth("adj_y", false)], [a, b]),
  };
}
