// The gradient of a 3×3 convolution with respect to its filter, for processors with AVX2.
//
// oneDNN's kernel for it reaches two thirds of the speed of its forward convolution on such processors, and a training
// step spends more time there than in any other operation. Here a tile of the result stays in registers while the
// rows of images go by.
#pragma once

#include <cstdint>

namespace drc {

// All tensors are dense, channels last. Padding is one position of zeros on each side.
struct FilterGradient {
  const float* input;     // [batch, height, width, channels]
  const float* gradient;  // [batch, out_height, out_width, outputs]
  float* result;          // [3, 3, channels, outputs]
  float* bias_result;     // [outputs]: the gradient of the bias
  int64_t batch, height, width, channels;
  int64_t out_height, out_width, outputs;
  int64_t stride;  // 1 or 2, and out_width is at least 2
};

// The result is computed in parts that share nothing: each sums in the same order, whoever computes it, so the bits do
// not depend on the number of threads.
int64_t FilterGradientParts(const FilterGradient& problem);
void ComputeFilterGradientPart(const FilterGradient& problem, int64_t part);

}  // namespace drc
