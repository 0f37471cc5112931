// Operations of our own, registered with TensorFlow when this library is loaded, as a module of Node.
#include <node_api.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "attention.h"
#include "kernels.h"
#include "tensorflow-c.h"
#include "vectors.h"
#include "worker-threads.h"

namespace {

struct StatusDeleter {
  void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
};
using Status = std::unique_ptr<TF_Status, StatusDeleter>;

struct TensorDeleter {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using Tensor = std::unique_ptr<TF_Tensor, TensorDeleter>;

bool Failed(const Status& status) { return TF_GetCode(status.get()) != TF_OK; }

// What TensorFlow said, with its code: callers tell a lack of memory from a mistake.
class TensorFlowError : public std::runtime_error {
 public:
  explicit TensorFlowError(const Status& status)
      : std::runtime_error(TF_Message(status.get())), code(TF_GetCode(status.get())) {}
  const int code;
};

void Check(const Status& status) {
  if (Failed(status)) throw TensorFlowError(status);
}

drc::WorkerThreads& Threads() {
  static auto* threads = new drc::WorkerThreads;
  return *threads;
}

// What the attributes of a node say; an operation has those that it needs.
struct Settings {
  int32_t stride = 1, threads = 1, relu = 0, transposed = 0, mean = 0, lanes = 8, taps = 3, count = 0;
  std::vector<int32_t> shapes;
};

struct Attribute {
  const char* name;
  int32_t Settings::*value;
};

constexpr Attribute kStride{"stride", &Settings::stride};
constexpr Attribute kThreads{"threads", &Settings::threads};
constexpr Attribute kRelu{"relu", &Settings::relu};
constexpr Attribute kTransposed{"transposed", &Settings::transposed};
constexpr Attribute kTaps{"taps", &Settings::taps};
constexpr Attribute kMean{"mean", &Settings::mean};
// Of the vectors that the kernels compute with: which instruction set they are compiled for.
constexpr Attribute kLanes{"lanes", &Settings::lanes};

// How many tensors an operation takes or gives, where that differs from node to node.
constexpr Attribute kCount{"N", &Settings::count};
// Of tensors one after the other: for each the number of axes, and their lengths.
constexpr char kShapes[] = "shapes";

template <const Attribute* const* ATTRIBUTES, bool HAS_SHAPES>
void* Create(TF_OpKernelConstruction* construction) {
  Status status(TF_NewStatus());
  auto settings = std::make_unique<Settings>();
  for (const Attribute* const* attribute = ATTRIBUTES; *attribute && !Failed(status); attribute++) {
    TF_OpKernelConstruction_GetAttrInt32(construction, (*attribute)->name, &((*settings).*(*attribute)->value),
                                         status.get());
  }
  if (HAS_SHAPES && !Failed(status)) {
    int32_t count = 0, total = 0;
    TF_OpKernelConstruction_GetAttrSize(construction, kShapes, &count, &total, status.get());
    if (!Failed(status) && count > 0) {
      settings->shapes.resize(count);
      TF_OpKernelConstruction_GetAttrInt32List(construction, kShapes, settings->shapes.data(), count, status.get());
    }
  }
  if (Failed(status)) {
    TF_OpKernelConstruction_Failure(construction, status.get());
    return nullptr;
  }
  return settings.release();
}

void Delete(void* settings) { delete static_cast<Settings*>(settings); }

// Inputs and outputs of one call.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}

  Tensor Input(int index) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_.get());
    Check(status_);
    return Tensor(tensor);
  }

  int inputs() const { return TF_NumInputs(context_); }

  // Of float values.
  Tensor Output(int index, const std::vector<int64_t>& shape) {
    size_t size_bytes = sizeof(float);
    for (const int64_t length : shape) size_bytes *= length;
    Tensor output(TF_AllocateOutput(context_, index, TF_FLOAT, shape.data(), static_cast<int>(shape.size()), size_bytes,
                                    status_.get()));
    Check(status_);
    return output;
  }

 private:
  TF_OpKernelContext* context_;
  Status status_;
};

float* Values(const Tensor& tensor) { return static_cast<float*>(TF_TensorData(tensor.get())); }

void Require(bool holds, const char* message) {
  if (!holds) throw std::invalid_argument(message);
}

// Calls COMPUTE; what it throws becomes the error of the operation.
template <void (*COMPUTE)(const Settings&, Call&)>
void Compute(void* settings, TF_OpKernelContext* context) {
  const auto fail = [&](int code, const char* message) {
    Status status(TF_NewStatus());
    TF_SetStatus(status.get(), code, message);
    TF_OpKernelContext_Failure(context, status.get());
  };
  try {
    static const bool runs_here = drc::Has(drc::InstructionSet::kAvx2);
    Require(runs_here, "The operations of this library need a processor with AVX2 and FMA.");
    Call call(context);
    COMPUTE(*static_cast<const Settings*>(settings), call);
  } catch (const TensorFlowError& error) {
    fail(error.code, error.what());
  } catch (const std::bad_alloc&) {
    fail(TF_RESOURCE_EXHAUSTED, "OOM when allocating the scratch memory of an operation.");
  } catch (const std::exception& error) {
    fail(TF_INVALID_ARGUMENT, error.what());
  }
}

const drc::Kernels& KernelsOf(const Settings& settings) {
  const auto set = static_cast<drc::InstructionSet>(settings.lanes);
  Require(set == drc::InstructionSet::kAvx2 || set == drc::InstructionSet::kAvx512, "lanes: 8 (AVX2) or 16 (AVX-512).");
  static const bool has_avx512 = drc::Has(drc::InstructionSet::kAvx512);
  Require(set == drc::InstructionSet::kAvx2 || has_avx512, "lanes: 16 needs a processor with AVX-512.");
  return drc::KernelsOf(set);
}

int64_t Strided(int64_t length, int64_t stride) { return (length - 1) / stride + 1; }

// [batch, height, width, channels] as images of so many positions.
struct Images {
  explicit Images(const Tensor& tensor, const char* message) {
    Require(TF_NumDims(tensor.get()) == 4, message);
    batch = TF_Dim(tensor.get(), 0);
    height = TF_Dim(tensor.get(), 1);
    width = TF_Dim(tensor.get(), 2);
    channels = TF_Dim(tensor.get(), 3);
    Require(channels > 0, message);
  }
  bool operator==(const Images& other) const {
    return batch == other.batch && height == other.height && width == other.width && channels == other.channels;
  }
  int64_t positions() const { return height * width; }

  template <typename Problem>
  void CopyTo(Problem& problem) const {
    problem.batch = batch;
    problem.height = height;
    problem.width = width;
    problem.channels = channels;
  }

  int64_t batch, height, width, channels;
};

// DrcConvolution3x3: input [batch, height, width, in], filter [3, 3, in, out] and bias [out], or [0] for none, to
// [batch, ⌈height/stride⌉, ⌈width/stride⌉, out]. With `transposed` the filter is [3, 3, out, in], and the result is the
// gradient of the input of a convolution by it. `gate` has the result's shape, or [0] for none: the result is zero where it
// is not above zero, as a relu's gradient is.
void ComputeConvolution(const Settings& settings, Call& call) {
  constexpr char kWrong[] = "DrcConvolution3x3: input and filter have four axes, the bias has one.";
  const Tensor input = call.Input(0), filter = call.Input(1), bias = call.Input(2), gate = call.Input(3);
  const Images images(input, kWrong);
  Require(TF_NumDims(filter.get()) == 4 && TF_NumDims(bias.get()) == 1, kWrong);
  Require(settings.stride == 1 || (settings.stride == 2 && !settings.transposed),
          "DrcConvolution3x3: the stride is 1 or 2, and 1 with a transposed filter.");
  drc::Convolution problem;
  images.CopyTo(problem);
  problem.outputs = TF_Dim(filter.get(), settings.transposed ? 2 : 3);
  problem.stride = settings.stride;
  problem.out_height = Strided(problem.height, settings.stride);
  problem.out_width = Strided(problem.width, settings.stride);
  problem.relu = settings.relu != 0;
  Require(images.positions() > 0, "DrcConvolution3x3: the input is empty.");
  Require(TF_Dim(filter.get(), 0) == 3 && TF_Dim(filter.get(), 1) == 3 &&
              TF_Dim(filter.get(), settings.transposed ? 3 : 2) == problem.channels,
          "DrcConvolution3x3: the filter does not fit the input's channels.");
  const int64_t biases = TF_Dim(bias.get(), 0);
  Require(biases == 0 || biases == problem.outputs, "DrcConvolution3x3: the bias does not fit the filter.");
  const bool has_gate = TF_NumDims(gate.get()) != 1;
  if (has_gate) {
    const Images gates(gate, kWrong);
    Require(gates.batch == problem.batch && gates.height == problem.out_height && gates.width == problem.out_width &&
                gates.channels == problem.outputs,
            "DrcConvolution3x3: the gate does not have the result's shape.");
  }
  const Tensor result =
      call.Output(0, {problem.batch, problem.out_height, problem.out_width, problem.outputs});
  problem.input = Values(input);
  problem.bias = biases == 0 ? nullptr : Values(bias);
  problem.gate = has_gate ? Values(gate) : nullptr;
  problem.result = Values(result);
  const drc::Kernels& kernels = KernelsOf(settings);
  const std::vector<float> packed =
      kernels.pack_filter(Values(filter), problem.channels, problem.outputs, settings.transposed != 0);
  Threads().Run(settings.threads, kernels.convolution_parts(problem),
                [&](int64_t part) { kernels.compute_convolution_part(problem, packed.data(), part); });
}

// DrcFilterGradient: input and gradient [batch, height, width, channels] to the gradients of the filter,
// [taps, taps, in, out], and of the bias, [out], of a convolution that pads by one for three taps, and not for one.
void ComputeFilterGradient(const Settings& settings, Call& call) {
  constexpr char kWrong[] = "DrcFilterGradient: input and gradient have to be [batch, height, width, channels].";
  const Tensor input = call.Input(0), gradient = call.Input(1);
  const Images images(input, kWrong), gradients(gradient, kWrong);
  drc::FilterGradient problem;
  images.CopyTo(problem);
  problem.out_height = gradients.height;
  problem.out_width = gradients.width;
  problem.outputs = gradients.channels;
  problem.stride = settings.stride;
  problem.taps = settings.taps;
  Require(problem.taps == 3 || (problem.taps == 1 && problem.stride == 1), "DrcFilterGradient: 3 taps, or 1 and stride 1.");
  Require(problem.stride >= 1 && problem.stride <= 2 && (problem.taps == 1 || problem.out_width >= 2) &&
              gradients.batch == problem.batch &&
              problem.out_height == Strided(problem.height, problem.stride) &&
              problem.out_width == Strided(problem.width, problem.stride),
          "DrcFilterGradient: the gradient's size does not follow from the input's and the stride.");
  const Tensor result = call.Output(0, {problem.taps, problem.taps, problem.channels, problem.outputs});
  const Tensor bias_result = call.Output(1, {problem.outputs});
  problem.input = Values(input);
  problem.gradient = Values(gradient);
  problem.result = Values(result);
  problem.bias_result = Values(bias_result);
  const drc::Kernels& kernels = KernelsOf(settings);
  if (!drc::HasFewOutputs(problem)) {
    Threads().Run(settings.threads, kernels.filter_gradient_parts(problem),
                  [&](int64_t part) { kernels.compute_filter_gradient_part(problem, part); });
    return;
  }
  const drc::Exchanged exchanged(problem);
  const int64_t parts = kernels.filter_gradient_parts(exchanged.problem());
  Threads().Run(settings.threads, parts + 1, [&](int64_t part) {
    if (part == parts) return exchanged.ComputeBias();
    kernels.compute_filter_gradient_part(exchanged.problem(), part);
  });
  exchanged.Finish();
}

// DrcScaledSum: x·scale + addend, of [batch, height, width, channels] and for `scale` [batch, 1, 1, channels].
void ComputeScaledSum(const Settings& settings, Call& call) {
  constexpr char kWrong[] = "DrcScaledSum: x and addend are images of the same shape, scale has one position of each.";
  const Tensor x = call.Input(0), scale = call.Input(1), addend = call.Input(2);
  const Images images(x, kWrong), scales(scale, kWrong);
  Require(images == Images(addend, kWrong) && scales.positions() == 1 && scales.batch == images.batch &&
              scales.channels == images.channels,
          kWrong);
  const Tensor result = call.Output(0, {images.batch, images.height, images.width, images.channels});
  const drc::ScaledSum problem{Values(x),      Values(scale), Values(addend),
                               Values(result), images.batch,  images.positions(), images.channels};
  Threads().Run(settings.threads, drc::ScaledSumParts(problem),
                [&](int64_t part) { drc::ComputeScaledSumPart(problem, part); });
}

// DrcPositionSum: the sum over all positions of x·factor, or of x where `factor` is [0], to [batch, 1, 1, channels]; with
// `mean` it is divided by the number of positions.
void ComputePositionSum(const Settings& settings, Call& call) {
  constexpr char kWrong[] = "DrcPositionSum: x is [batch, height, width, channels], and so is the factor.";
  const Tensor x = call.Input(0), factor = call.Input(1);
  const Images images(x, kWrong);
  const bool has_factor = TF_NumDims(factor.get()) != 1;
  Require(!has_factor || images == Images(factor, kWrong), kWrong);
  const Tensor result = call.Output(0, {images.batch, 1, 1, images.channels});
  const float weight = settings.mean ? 1.0f / static_cast<float>(images.positions()) : 1.0f;
  drc::PositionSums sums({Values(x), has_factor ? Values(factor) : nullptr, Values(result), images.batch,
                          images.positions(), images.channels, weight});
  Threads().Run(settings.threads, sums.parts(), [&](int64_t part) { sums.ComputePart(part); });
  sums.Finish();
}

// DrcPointwise: a 1×1 convolution of x [batch, 1, 1, in] by filter [1, 1, in, out] with bias [out], or [0] for none, to
// [batch, 1, 1, out]. With `transposed` the filter is [1, 1, out, in], and the result the input's gradient.
void ComputePointwise(const Settings& settings, Call& call) {
  constexpr char kWrong[] = "DrcPointwise: x has one position, and the filter and the bias fit its channels.";
  const Tensor x = call.Input(0), filter = call.Input(1), bias = call.Input(2);
  const Images images(x, kWrong), filters(filter, kWrong);
  const bool transposed = settings.transposed != 0;
  const int64_t outputs = transposed ? filters.width : filters.channels;
  Require(images.positions() == 1 && filters.batch == 1 && filters.height == 1 &&
              images.channels == (transposed ? filters.channels : filters.width) && TF_NumDims(bias.get()) == 1,
          kWrong);
  const int64_t biases = TF_Dim(bias.get(), 0);
  Require(biases == 0 || biases == outputs, kWrong);
  const Tensor result = call.Output(0, {images.batch, 1, 1, outputs});
  drc::MultiplyRows(Values(x), Values(filter), biases == 0 ? nullptr : Values(bias), Values(result), images.batch,
                    images.channels, outputs, transposed);
}

// DrcPointwiseGradient: x [batch, 1, 1, in] and gradient [batch, 1, 1, out] to the gradients of such a filter and bias.
void ComputePointwiseGradient(const Settings&, Call& call) {
  constexpr char kWrong[] = "DrcPointwiseGradient: x and gradient have one position each, and the same batch.";
  const Tensor x = call.Input(0), gradient = call.Input(1);
  const Images images(x, kWrong), gradients(gradient, kWrong);
  Require(images.positions() == 1 && gradients.positions() == 1 && images.batch == gradients.batch, kWrong);
  const Tensor filter = call.Output(0, {1, 1, images.channels, gradients.channels});
  const Tensor bias = call.Output(1, {gradients.channels});
  drc::MultiplyRowsGradients(Values(x), Values(gradient), Values(filter), Values(bias), images.batch,
                             images.channels, gradients.channels);
}

int64_t Size(const Tensor& tensor) {
  int64_t size = 1;
  for (int axis = 0; axis < TF_NumDims(tensor.get()); axis++) size *= TF_Dim(tensor.get(), axis);
  return size;
}

// DrcJoin: the values of any tensors, one after the other, as one vector.
void ComputeJoin(const Settings& settings, Call& call) {
  std::vector<Tensor> inputs;
  std::vector<int64_t> offsets{0};
  for (int i = 0; i < call.inputs(); i++) {
    inputs.push_back(call.Input(i));
    offsets.push_back(offsets.back() + Size(inputs.back()));
  }
  const Tensor result = call.Output(0, {offsets.back()});
  float* const values = Values(result);
  Threads().Run(settings.threads, static_cast<int64_t>(inputs.size()), [&](int64_t i) {
    const float* from = Values(inputs[i]);
    std::copy(from, from + offsets[i + 1] - offsets[i], values + offsets[i]);
  });
}

// DrcPart: such a vector in tensors of these shapes again.
void ComputePart(const Settings& settings, Call& call) {
  constexpr char kWrong[] = "DrcPart: the shapes do not fit the vector.";
  const Tensor vector = call.Input(0);
  std::vector<Tensor> outputs;
  std::vector<int64_t> offsets{0};
  const std::vector<int32_t>& shapes = settings.shapes;
  for (size_t next = 0; next < shapes.size();) {
    const size_t last = next + 1 + shapes[next];
    Require(shapes[next] >= 0 && last <= shapes.size(), kWrong);
    outputs.push_back(
        call.Output(static_cast<int>(outputs.size()), {shapes.begin() + next + 1, shapes.begin() + last}));
    offsets.push_back(offsets.back() + Size(outputs.back()));
    next = last;
  }
  Require(static_cast<int32_t>(outputs.size()) == settings.count && offsets.back() == Size(vector), kWrong);
  const float* const values = Values(vector);
  Threads().Run(settings.threads, settings.count, [&](int64_t i) {
    std::copy(values + offsets[i], values + offsets[i + 1], Values(outputs[i]));
  });
}

void UnknownShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

// Inputs and outputs are one tensor of float values each, unless a type stands behind the name.
template <const Attribute* const* ATTRIBUTES, void (*COMPUTE)(const Settings&, Call&), bool HAS_SHAPES = false>
void Register(const char* name, std::initializer_list<const char*> inputs,
              std::initializer_list<const char*> outputs) {
  const auto typed = [](const std::string& value) {
    return value.find(':') == std::string::npos ? value + ": float" : value;
  };
  Status status(TF_NewStatus());
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* input : inputs) {
    TF_OpDefinitionBuilderAddInput(definition, typed(input).c_str());
  }
  for (const char* output : outputs) {
    TF_OpDefinitionBuilderAddOutput(definition, typed(output).c_str());
  }
  for (const Attribute* const* attribute = ATTRIBUTES; *attribute; attribute++) {
    TF_OpDefinitionBuilderAddAttr(definition, (std::string((*attribute)->name) + ": int").c_str());
  }
  if (HAS_SHAPES) TF_OpDefinitionBuilderAddAttr(definition, (std::string(kShapes) + ": list(int)").c_str());
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, UnknownShape);
  TF_RegisterOpDefinition(definition, status.get());
  Check(status);
  TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", Create<ATTRIBUTES, HAS_SHAPES>, Compute<COMPUTE>, Delete),
                           status.get());
  Check(status);
}

constexpr const Attribute* kConvolutionAttributes[] = {&kStride, &kThreads, &kLanes, &kRelu, &kTransposed, nullptr};
constexpr const Attribute* kFilterGradientAttributes[] = {&kStride, &kTaps, &kThreads, &kLanes, nullptr};
constexpr const Attribute* kScaledSumAttributes[] = {&kThreads, nullptr};
constexpr const Attribute* kPositionSumAttributes[] = {&kThreads, &kMean, nullptr};
constexpr const Attribute* kPointwiseAttributes[] = {&kTransposed, nullptr};
constexpr const Attribute* kCountedAttributes[] = {&kThreads, &kCount, nullptr};
constexpr const Attribute* kPointwiseGradientAttributes[] = {nullptr};

// An empty string, or what went wrong.
std::string RegisterAll() {
  try {
    Register<kConvolutionAttributes, ComputeConvolution>("DrcConvolution3x3", {"input", "filter", "bias", "gate"}, {"result"});
    Register<kFilterGradientAttributes, ComputeFilterGradient>("DrcFilterGradient", {"input", "gradient"},
                                                               {"filter_gradient", "bias_gradient"});
    Register<kScaledSumAttributes, ComputeScaledSum>("DrcScaledSum", {"x", "scale", "addend"}, {"result"});
    Register<kPositionSumAttributes, ComputePositionSum>("DrcPositionSum", {"x", "factor"}, {"result"});
    Register<kPointwiseAttributes, ComputePointwise>("DrcPointwise", {"x", "filter", "bias"}, {"result"});
    Register<kPointwiseGradientAttributes, ComputePointwiseGradient>("DrcPointwiseGradient", {"x", "gradient"},
                                                                     {"filter_gradient", "bias_gradient"});
    Register<kCountedAttributes, ComputeJoin>("DrcJoin", {"inputs: N * float"}, {"result"});
    Register<kCountedAttributes, ComputePart, true>("DrcPart", {"vector"}, {"results: N * float"});
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

napi_value Initialise(napi_env env, napi_value exports) {
  static const std::string problem = RegisterAll();
  if (!problem.empty()) napi_throw_error(env, nullptr, problem.c_str());
  napi_value lanes;
  napi_create_array(env, &lanes);
  uint32_t count = 0;
  for (const drc::InstructionSet set : {drc::InstructionSet::kAvx512, drc::InstructionSet::kAvx2}) {
    if (!drc::Has(set)) continue;
    napi_value number;
    napi_create_uint32(env, static_cast<uint32_t>(set), &number);
    napi_set_element(env, lanes, count++, number);
  }
  napi_set_named_property(env, exports, "lanes", lanes);
  return exports;
}

}  // namespace

NAPI_MODULE(drc_operations, Initialise)
