// The gradient of a convolution with respect to its filter, of 3×3 or 1×1, with kernels for processors with AVX2 and for
// those with AVX-512.
//
// oneDNN's kernel for it reaches two thirds of the speed of its forward convolution, and a training step spends more time
// there than in any other operation. Here a tile of the result stays in registers while the rows of images go by.
#pragma once

#include <cstdint>
#include <vector>

namespace drc {

// All tensors are dense, channels last. With three taps, padding is one position of zeros on each side.
struct FilterGradient {
  const float* input;     // [batch, height, width, channels]
  const float* gradient;  // [batch, out_height, out_width, outputs]
  float* result;          // [taps, taps, channels, outputs]
  float* bias_result;     // [outputs]: the gradient of the bias
  int64_t batch, height, width, channels;
  int64_t out_height, out_width, outputs;
  int64_t stride;  // 1 or 2; with three taps out_width is at least 2
  int taps;        // of the filter on both axes: 3, or 1 and no padding
};

// The kernels have the outputs in vectors. Where there are so few that they would be mostly empty:
bool HasFewOutputs(const FilterGradient& problem);

// Such a problem with input and gradient in each other's place: then the inputs are in vectors. The filter comes out
// turned by 180 degrees, and its inputs as outputs.
class Exchanged {
 public:
  explicit Exchanged(const FilterGradient& problem);
  // What the kernels have to compute.
  const FilterGradient& problem() const { return problem_; }
  void ComputeBias() const;
  // Puts the filter in order.
  void Finish() const;

 private:
  FilterGradient original_, problem_;
  std::vector<float> result_, bias_result_;
};

}  // namespace drc
