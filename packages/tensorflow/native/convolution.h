// A 3×3 convolution, with kernels for processors with AVX2 and for those with AVX-512.
//
// For large images oneDNN copies all positions under the filter and multiplies matrices; for small ones its kernels reach
// half to three quarters of what these do. Here a tile of the result stays in registers while all taps and channels go by.
#pragma once

#include <cstdint>

namespace drc {

// All tensors are dense, channels last. Padding is one position of zeros on each side.
struct Convolution {
  const float* input;  // [batch, height, width, channels]
  const float* bias;   // [outputs], or null
  float* result;       // [batch, out_height, out_width, outputs]
  int64_t batch, height, width, channels;
  int64_t out_height, out_width, outputs;
  int64_t stride;
  bool relu;          // max(0, x) of the result
  const float* gate;  // of the result's shape, or null: the result is zero where it is not above zero
};

}  // namespace drc
