// What channel attention computes, with one value for each channel of an image.
//
// Operations over large images take as long as it takes to read and write them, so what can be done in one pass is.
#pragma once

#include <cstdint>
#include <vector>

namespace drc {

// result = x·scale + addend; `scale` is [batch, channels], all else [batch, positions, channels].
struct ScaledSum {
  const float *x, *scale, *addend;
  float* result;
  int64_t batch, positions, channels;
};

int64_t ScaledSumParts(const ScaledSum& problem);
void ComputeScaledSumPart(const ScaledSum& problem, int64_t part);

// result = Σ over the positions of x·factor, [batch, channels], times `weight`. Without a factor (null) that of x.
struct PositionSum {
  const float *x, *factor;
  float* result;
  int64_t batch, positions, channels;
  float weight;
};

// Sums of parts, added in one order when all are there, so that the bits do not depend on the number of threads.
class PositionSums {
 public:
  explicit PositionSums(const PositionSum& problem);
  int64_t parts() const { return problem_.batch * parts_per_image_; }
  void ComputePart(int64_t part);
  void Finish() const;

 private:
  PositionSum problem_;
  int64_t parts_per_image_;
  std::vector<float> sums_;
};

// A 1×1 convolution of images of one position: x [rows, channels] by filter [channels, outputs], with a bias or null.
// With `transposed` the filter is [outputs, channels], and the result the input's gradient.
void MultiplyRows(const float* x, const float* filter, const float* bias, float* result, int64_t rows,
                  int64_t channels, int64_t outputs, bool transposed);

// The gradients of its filter, [channels, outputs], and of its bias.
void MultiplyRowsGradients(const float* x, const float* gradient, float* filter_gradient, float* bias_gradient,
                           int64_t rows, int64_t channels, int64_t outputs);

}  // namespace drc
