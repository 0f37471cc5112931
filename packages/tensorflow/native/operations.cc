// Operations of our own, registered with TensorFlow when this library is loaded, as a module of Node.
#include <node_api.h>

#include <memory>
#include <string>

#include "filter-gradient.h"
#include "tensorflow-c.h"
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

drc::WorkerThreads& Threads() {
  // Never destroyed: threads may still wait in it when the process ends.
  static auto* threads = new drc::WorkerThreads;
  return *threads;
}

// DrcFilterGradient3x3: input and gradient [batch, height, width, channels] to the filter's gradient
// [3, 3, in, out], of a convolution that pads by one.
struct FilterGradientKernel {
  int32_t stride = 1, threads = 1;
};

void* CreateFilterGradient(TF_OpKernelConstruction* construction) {
  Status status(TF_NewStatus());
  auto kernel = std::make_unique<FilterGradientKernel>();
  TF_OpKernelConstruction_GetAttrInt32(construction, "stride", &kernel->stride, status.get());
  if (!Failed(status)) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "threads", &kernel->threads, status.get());
  }
  if (Failed(status)) {
    TF_OpKernelConstruction_Failure(construction, status.get());
    return nullptr;
  }
  return kernel.release();
}

void DestroyFilterGradient(void* kernel) { delete static_cast<FilterGradientKernel*>(kernel); }

Tensor Input(TF_OpKernelContext* context, int index, const Status& status) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context, index, &tensor, status.get());
  return Tensor(tensor);
}

void ComputeFilterGradient(void* kernel_pointer, TF_OpKernelContext* context) {
  const auto& kernel = *static_cast<FilterGradientKernel*>(kernel_pointer);
  Status status(TF_NewStatus());
  const Tensor input = Input(context, 0, status);
  const Tensor gradient = Failed(status) ? Tensor() : Input(context, 1, status);
  if (Failed(status)) return TF_OpKernelContext_Failure(context, status.get());
  const auto refuse = [&](const char* message) {
    TF_SetStatus(status.get(), TF_INVALID_ARGUMENT, message);
    TF_OpKernelContext_Failure(context, status.get());
  };
  if (TF_NumDims(input.get()) != 4 || TF_NumDims(gradient.get()) != 4) {
    return refuse("DrcFilterGradient3x3: input and gradient have to be [batch, height, width, channels].");
  }
  drc::FilterGradient problem;
  problem.input = static_cast<const float*>(TF_TensorData(input.get()));
  problem.gradient = static_cast<const float*>(TF_TensorData(gradient.get()));
  problem.batch = TF_Dim(input.get(), 0);
  problem.height = TF_Dim(input.get(), 1);
  problem.width = TF_Dim(input.get(), 2);
  problem.channels = TF_Dim(input.get(), 3);
  problem.out_height = TF_Dim(gradient.get(), 1);
  problem.out_width = TF_Dim(gradient.get(), 2);
  problem.outputs = TF_Dim(gradient.get(), 3);
  problem.stride = kernel.stride;
  const auto strided = [&](int64_t length) { return (length - 1) / problem.stride + 1; };
  if (problem.stride < 1 || problem.stride > 2 || problem.out_width < 2 ||
      TF_Dim(gradient.get(), 0) != problem.batch || problem.out_height != strided(problem.height) ||
      problem.out_width != strided(problem.width)) {
    return refuse("DrcFilterGradient3x3: the gradient's size does not follow from the input's and the stride.");
  }
  const int64_t shape[] = {3, 3, problem.channels, problem.outputs};
  const size_t size_bytes = 9 * problem.channels * problem.outputs * sizeof(float);
  const Tensor result(TF_AllocateOutput(context, 0, TF_FLOAT, shape, 4, size_bytes, status.get()));
  if (Failed(status)) return TF_OpKernelContext_Failure(context, status.get());
  problem.result = static_cast<float*>(TF_TensorData(result.get()));
  Threads().Run(kernel.threads, drc::FilterGradientParts(problem),
                [&](int64_t part) { drc::ComputeFilterGradientPart(problem, part); });
}

void UnknownShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

// An empty string, or what went wrong.
std::string Register() {
  Status status(TF_NewStatus());
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder("DrcFilterGradient3x3");
  TF_OpDefinitionBuilderAddInput(definition, "input: float");
  TF_OpDefinitionBuilderAddInput(definition, "gradient: float");
  TF_OpDefinitionBuilderAddOutput(definition, "filter_gradient: float");
  TF_OpDefinitionBuilderAddAttr(definition, "stride: int");
  TF_OpDefinitionBuilderAddAttr(definition, "threads: int");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, UnknownShape);
  TF_RegisterOpDefinition(definition, status.get());
  if (!Failed(status)) {
    TF_RegisterKernelBuilder("DrcFilterGradient3x3",
                             TF_NewKernelBuilder("DrcFilterGradient3x3", "CPU", CreateFilterGradient,
                                                 ComputeFilterGradient, DestroyFilterGradient),
                             status.get());
  }
  return Failed(status) ? TF_Message(status.get()) : "";
}

napi_value Initialise(napi_env env, napi_value exports) {
  static const std::string problem = Register();
  if (!problem.empty()) napi_throw_error(env, nullptr, problem.c_str());
  napi_value preferred;
  napi_get_boolean(env, drc::PrefersOwnFilterGradient(), &preferred);
  napi_set_named_property(env, exports, "prefersOwnFilterGradient", preferred);
  return exports;
}

}  // namespace

NAPI_MODULE(drc_operations, Initialise)
