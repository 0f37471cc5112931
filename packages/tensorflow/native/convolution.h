// A 3×3 convolution for processors with AVX2.
//
// For large images oneDNN copies all positions under the filter and multiplies matrices; for small ones its kernels reach
// half of what these do. Here a tile of the result stays in registers while all taps and channels go by.
#pragma once

#include <cstdint>
#include <vector>

namespace drc {

// All tensors are dense, channels last. Padding is one position of zeros on each side.
struct Convolution {
  const float* input;  // [batch, height, width, channels]
  const float* bias;   // [outputs], or null
  float* result;       // [batch, out_height, out_width, outputs]
  int64_t batch, height, width, channels;
  int64_t out_height, out_width, outputs;
  int64_t stride;
  bool relu;  // max(0, x) of the result
};

// A filter in the order in which the kernel reads it.
class PackedFilter {
 public:
  // `filter` is [3, 3, channels, outputs]. With `transposed` it is [3, 3, outputs, channels], turned by 180 degrees: the
  // convolution then gives the input's gradient, from the gradient of the result of a convolution with stride 1.
  PackedFilter(const float* filter, int64_t channels, int64_t outputs, bool transposed);

  // Up to sixteen outputs, side by side for each tap and channel, zeros where there are fewer.
  const float* block(int64_t first_output) const { return values_.data() + first_output * taps_and_channels_; }

 private:
  int64_t taps_and_channels_;
  std::vector<float> values_;
};

// The result is computed in parts that share nothing. Each element is summed in the same order, whatever the parts, so
// the bits depend neither on the number of threads nor on the size of the image.
int64_t ConvolutionParts(const Convolution& problem);
void ComputeConvolutionPart(const Convolution& problem, const PackedFilter& filter, int64_t part);

}  // namespace drc
