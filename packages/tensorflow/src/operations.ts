/**
 * TensorFlow's own operations by name, as typed functions over tensors.
 *
 * TF.js composes many gradients from primitives; the native runtime has the real ones, and calling them
 * directly is what makes a training step fast. Each call makes a new tensor that the caller disposes.
 * Layout is `[batch, height, width, channels]`, filters are `[height, width, in, out]`.
 */
import type * as tfjs from "@tensorflow/tfjs-node-gpu";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { Lanes } from "./own-operations.ts";

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
  TF_ATTR_SHAPE: number;
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

/** The name that TensorFlow knows as none: the variable then lives as long as its handle. */
const ANONYMOUS_VARIABLE = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

export type Operations = ReturnType<typeof createOperations>;

export interface OperationsOptions {
  device: "cpu" | "gpu";
  /** Threads of one operation. */
  threads: number;
  /** Whether TensorFlow uses oneDNN's kernels on the CPU, which compute a convolution and its bias in one pass. */
  oneDnn: boolean;
  /**
   * Which kernels of `native/` to use, for 3×3 convolutions and for what channel attention computes, by the values of one of
   * their vectors; undefined for none.
   */
  lanes: Lanes | undefined;
}

export function createOperations(tf: typeof tfjs, backend: NativeBackend, options: OperationsOptions) {
  const { binding } = backend;
  const biasInConvolution = options.device === "cpu" && options.oneDnn;
  const float: Attribute = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const indexType = (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 });
  const text = (name: string, value: string): Attribute => ({ name, type: binding.TF_ATTR_STRING, value });
  const integer = (name: string, value: number | number[]): Attribute => ({ name, type: binding.TF_ATTR_INT, value });
  const truth = (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const real = (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_FLOAT, value });

  const run = (name: string, attributes: Attribute[], inputs: Tensor[]) =>
    backend.executeSingleOutput(name, attributes, inputs);
  const change = (name: string, attributes: Attribute[], inputs: Tensor[]): void => {
    backend.executeMultipleOutputs(name, attributes, inputs, 0);
  };
  const onlyFloat = [float];
  const variableType: Attribute = { name: "dtype", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
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

  const floats = new Map<number, Tensor>();

  interface ConvolutionAttributes {
    plain: Attribute[];
    /** For the operation that adds the bias too; absent where it cannot take this padding. */
    withBias: Attribute[] | undefined;
  }
  const convolutions = new Map<string, ConvolutionAttributes>();
  function convolutionAttributes(
    { stride, padding }: ConvolutionGeometry,
    [height, width]: readonly number[],
  ): ConvolutionAttributes {
    const key = `${stride}/${padding}/${height}×${width}`;
    let attributes = convolutions.get(key);
    if (!attributes) {
      // oneDNN's kernels take part only where the padding has a name.
      const same = stride === 1 && height === width && 2 * padding === height - 1;
      const scheme = padding === 0 ? "VALID" : same ? "SAME" : "EXPLICIT";
      const common = [
        float,
        integer("strides", [1, stride, stride, 1]),
        text("padding", scheme),
        text("data_format", "NHWC"),
        truth("use_cudnn_on_gpu", true),
        integer("dilations", [1, 1, 1, 1]),
      ];
      const explicit = scheme === "EXPLICIT" ? [0, 0, padding, padding, padding, padding, 0, 0] : [];
      attributes = {
        plain: [...common, integer("explicit_paddings", explicit)],
        // The label under which TensorFlow registers the oneDNN kernels of graphs that it has rewritten itself.
        withBias:
          biasInConvolution && scheme !== "EXPLICIT" ? [...common, text("_kernel", "MklNameChangeOp")] : undefined,
      };
      convolutions.set(key, attributes);
    }
    return attributes;
  }

  const ownThreads = integer("threads", options.threads);
  const ownLanes = integer("lanes", options.lanes ?? 8);
  /** Taps on each axis of a filter whose gradient the kernels of `native/` compute. */
  function ownTaps([height, width]: readonly number[], { stride, padding }: ConvolutionGeometry): 1 | 3 | undefined {
    if (options.lanes === undefined || height !== width) return undefined;
    if (height === 3 && padding === 1 && stride <= 2) return 3;
    return height === 1 && padding === 0 && stride === 1 ? 1 : undefined;
  }
  /** Whether they compute convolutions by such a filter. */
  const isOwn = (filterShape: readonly number[], geometry: ConvolutionGeometry) => ownTaps(filterShape, geometry) === 3;
  function ownConvolution(
    x: Tensor,
    filter: Tensor,
    bias: Tensor,
    {
      stride,
      relu = false,
      transposed = false,
      gate,
    }: { stride: number; relu?: boolean; transposed?: boolean; gate?: Tensor },
  ): Tensor {
    const attributes = [
      integer("stride", stride),
      ownThreads,
      ownLanes,
      integer("relu", Number(relu)),
      integer("transposed", Number(transposed)),
    ];
    return run("DrcConvolution3x3", attributes, [x, filter, bias, gate ?? none()]);
  }
  let empty: Tensor | undefined;
  /** Stands for an input that there is not. */
  function none(): Tensor {
    empty ??= tf.keep(tf.tensor1d([]));
    return empty;
  }

  const reductionAttributes = [float, indexType("Tidx"), truth("keep_dims", true)];
  const fullReductionAttributes = [float, indexType("Tidx"), truth("keep_dims", false)];
  const bilinearAttributes = [float, truth("align_corners", false), truth("half_pixel_centers", true)];
  const poolAttributes = (kernel: number, stride: number) => [
    ...nhwc,
    integer("ksize", [1, kernel, kernel, 1]),
    integer("strides", [1, stride, stride, 1]),
    integer("explicit_paddings", []),
    text("padding", "VALID"),
  ];
  const reshapeAttributes = [float, indexType("Tshape")];
  const concatAttributes = (count: number) => [integer("N", count), float, indexType("Tidx")];

  return {
    /** A float scalar that lives as long as the process: for values that come again at every step. */
    constant(value: number): Tensor {
      let constant = floats.get(value);
      if (!constant) {
        constant = tf.keep(tf.scalar(value));
        floats.set(value, constant);
      }
      return constant;
    },
    conv2d(x: Tensor, filter: Tensor, geometry: ConvolutionGeometry, bias?: Tensor): Tensor {
      if (isOwn(filter.shape, geometry)) return ownConvolution(x, filter, bias ?? none(), geometry);
      const { plain, withBias } = convolutionAttributes(geometry, filter.shape);
      if (bias && withBias) return run("_MklNativeConv2DWithBias", withBias, [x, filter, bias]);
      const product = run("Conv2D", plain, [x, filter]);
      if (!bias) return product;
      const sum = run("BiasAdd", nhwc, [product, bias]);
      product.dispose();
      return sum;
    },
    /** max(0, x) of such a convolution in one pass, where there is a kernel of our own for it. */
    ownConv2dWithRelu: (filterShape: readonly number[], geometry: ConvolutionGeometry) =>
      isOwn(filterShape, geometry)
        ? (x: Tensor, filter: Tensor, bias?: Tensor) =>
            ownConvolution(x, filter, bias ?? none(), { ...geometry, relu: true })
        : undefined,
    /** With `gate`, the output of a relu that is the convolution's input: the gradient of the relu's own input. */
    conv2dInputGradient(
      inputShape: readonly number[],
      filter: Tensor,
      gradient: Tensor,
      geometry: ConvolutionGeometry,
      gate?: Tensor,
    ): Tensor {
      if (isOwn(filter.shape, geometry) && geometry.stride === 1) {
        return ownConvolution(gradient, filter, none(), { stride: 1, transposed: true, gate });
      }
      const attributes = convolutionAttributes(geometry, filter.shape).plain;
      const result = run("Conv2DBackpropInput", attributes, [indices(inputShape), filter, gradient]);
      if (!gate) return result;
      const gated = run("ReluGrad", onlyFloat, [result, gate]);
      result.dispose();
      return gated;
    },
    /** The gradients of the filter and, where it is wanted, of the bias. */
    conv2dParameterGradients(
      x: Tensor,
      filterShape: readonly number[],
      gradient: Tensor,
      geometry: ConvolutionGeometry,
      withBias: boolean,
    ): { filter: Tensor; bias?: Tensor } {
      const taps = ownTaps(filterShape, geometry);
      if (taps === 1 || (taps === 3 && (gradient.shape[2] as number) > 1)) {
        const attributes = [integer("stride", geometry.stride), integer("taps", taps), ownThreads, ownLanes];
        const [filter, bias] = backend.executeMultipleOutputs("DrcFilterGradient", attributes, [x, gradient], 2);
        if (withBias) return { filter, bias };
        bias.dispose();
        return { filter };
      }
      const attributes = convolutionAttributes(geometry, filterShape).plain;
      return {
        filter: run("Conv2DBackpropFilter", attributes, [x, indices(filterShape), gradient]),
        bias: withBias ? run("BiasAddGrad", nhwc, [gradient]) : undefined,
      };
    },
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
    /** The largest value under each square window, without padding. */
    maxPool: (x: Tensor, kernel: number, stride: number) => run("MaxPool", poolAttributes(kernel, stride), [x]),
    /** `output` is the result of `maxPool`. Among equal values one is taken for the largest. */
    maxPoolGradient: (x: Tensor, output: Tensor, gradient: Tensor, kernel: number, stride: number) =>
      run("MaxPoolGrad", poolAttributes(kernel, stride), [x, output, gradient]),
    /** To that height and width: half-pixel centres, no antialias, clamped borders. */
    resizeBilinear: (x: Tensor, height: number, width: number) => {
      // Not one of the index tensors that are kept: sizes differ from image to image.
      const size = tf.tensor1d([height, width], "int32");
      const resized = run("ResizeBilinear", bilinearAttributes, [x, size]);
      size.dispose();
      return resized;
    },
    /** The adjoint of `resizeBilinear`; `x` is what it resized. */
    resizeBilinearGradient: (gradient: Tensor, x: Tensor) =>
      run("ResizeBilinearGrad", bilinearAttributes, [gradient, x]),
    /** Mean over height and width, `[batch, 1, 1, channels]`. */
    meanOverPositions: (x: Tensor) =>
      options.lanes
        ? run("DrcPositionSum", [ownThreads, integer("mean", 1)], [x, none()])
        : run("Mean", reductionAttributes, [x, indices([1, 2])]),
    /** Sum of a·b over height and width, `[batch, 1, 1, channels]`. */
    productSumOverPositions(a: Tensor, b: Tensor): Tensor {
      if (options.lanes) return run("DrcPositionSum", [ownThreads, integer("mean", 0)], [a, b]);
      const product = run("Mul", onlyFloat, [a, b]);
      const sum = run("Sum", reductionAttributes, [product, indices([1, 2])]);
      product.dispose();
      return sum;
    },
    /** x·scale + addend, with a kernel of our own; `scale` is `[batch, 1, 1, channels]`, the others are of one shape. */
    ownScaledSum: options.lanes
      ? (x: Tensor, scale: Tensor, addend: Tensor) => run("DrcScaledSum", [ownThreads], [x, scale, addend])
      : undefined,
    /** Convolutions of images of one position by 1×1 filters, where there are kernels of our own for them. */
    ownPointwise: options.lanes
      ? {
          forward: (x: Tensor, filter: Tensor, bias: Tensor | undefined) =>
            run("DrcPointwise", [integer("transposed", 0)], [x, filter, bias ?? none()]),
          inputGradient: (gradient: Tensor, filter: Tensor) =>
            run("DrcPointwise", [integer("transposed", 1)], [gradient, filter, none()]),
          parameterGradients(x: Tensor, gradient: Tensor): { filter: Tensor; bias: Tensor } {
            const [filter, bias] = backend.executeMultipleOutputs("DrcPointwiseGradient", [], [x, gradient], 2);
            return { filter, bias };
          },
        }
      : undefined,
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
    /** The values of all tensors, one after the other, as one vector. */
    join(tensors: Tensor[]): Tensor {
      if (options.lanes) return run("DrcJoin", [ownThreads, integer("N", tensors.length)], tensors);
      // Biases, half of all parameters, are flat as they are.
      const flats = tensors.map((x) => (x.shape.length === 1 ? x : this.reshape(x, [x.size])));
      const vector = this.concat(flats, 0);
      tf.dispose(flats.filter((flat, i) => flat !== tensors[i]));
      return vector;
    },
    /** Such a vector in tensors of these shapes again. */
    part(vector: Tensor, shapes: readonly (readonly number[])[]): Tensor[] {
      const count = shapes.length;
      if (options.lanes) {
        const attributes = [
          ownThreads,
          integer("N", count),
          integer(
            "shapes",
            shapes.flatMap((shape) => [shape.length, ...shape]),
          ),
        ];
        return backend.executeMultipleOutputs("DrcPart", attributes, [vector], count);
      }
      const lengths = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
      const pieces = backend.executeMultipleOutputs(
        "SplitV",
        [integer("num_split", count), float, indexType("Tlen")],
        [vector, indices(lengths), axis(0)],
        count,
      );
      return pieces.map((piece, i) => {
        if (shapes[i].length === 1) return piece;
        const shaped = this.reshape(piece, shapes[i]);
        piece.dispose();
        return shaped;
      });
    },
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
    /** Half of the sum of all squares, a scalar. */
    halfSumOfSquares: (x: Tensor) => run("L2Loss", onlyFloat, [x]),
    /** A resource that holds float values of that shape, once some are assigned. */
    createVariable: (shape: readonly number[]) =>
      run(
        "VarHandleOp",
        [
          variableType,
          { name: "shape", type: binding.TF_ATTR_SHAPE, value: shape },
          text("shared_name", ANONYMOUS_VARIABLE),
        ],
        [],
      ),
    assignVariable: (variable: Tensor, values: Tensor) =>
      change("AssignVariableOp", [variableType], [variable, values]),
    readVariable: (variable: Tensor) => run("ReadVariableOp", [variableType], [variable]),
    /**
     * One step of Adam on variables, in place: m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v),
     * θ ← θ − rate·m/(√v + ε). Corrections of the bias are the caller's, in `rate` and `epsilon`.
     */
    applyAdam(
      variables: { values: Tensor; first: Tensor; second: Tensor },
      settings: { rate: Tensor; beta1: Tensor; beta2: Tensor; epsilon: Tensor },
      gradient: Tensor,
    ): void {
      const uncorrected = this.constant(0);
      change(
        "ResourceApplyAdam",
        [float, truth("use_locking", false), truth("use_nesterov", false)],
        [
          ...[variables.values, variables.first, variables.second, uncorrected, uncorrected],
          ...[settings.rate, settings.beta1, settings.beta2, settings.epsilon, gradient],
        ],
      );
    },
    /** Product of two matrices. */
    matrixProduct: (a: Tensor, b: Tensor, transpose: { a?: boolean; b?: boolean } = {}) =>
      run(
        "MatMul",
        [float, truth("transpose_a", transpose.a ?? false), truth("transpose_b", transpose.b ?? false)],
        [a, b],
      ),
    /** Matrix product over the last two axes, with broadcasting over the others. */
    matrixMultiply: (a: Tensor, b: Tensor, adjointA = false) =>
      run("BatchMatMulV2", [float, truth("adj_x", adjointA), truth("adj_y", false)], [a, b]),
  };
}
