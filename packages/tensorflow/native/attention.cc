#include "attention.h"

#include <algorithm>

#include "vectors-avx2.h"

namespace drc {
namespace {

// Elements of a part: some hundred kilobytes.
constexpr int64_t kPartElements = 64 * 1024;

int64_t PartPositions(int64_t channels) { return std::max<int64_t>(1, kPartElements / channels); }

int64_t PartsPerImage(int64_t positions, int64_t channels) {
  return (positions + PartPositions(channels) - 1) / PartPositions(channels);
}

DRC_TARGET void AddRow(const float* x, const float* factor, float* sums, int64_t channels) {
  if (factor) {
    for (int64_t i = 0; i < channels; i++) sums[i] += x[i] * factor[i];
  } else {
    for (int64_t i = 0; i < channels; i++) sums[i] += x[i];
  }
}

DRC_TARGET void ScaleAndAddRow(const float* x, const float* scale, const float* addend, float* result,
                             int64_t channels) {
  for (int64_t i = 0; i < channels; i++) result[i] = x[i] * scale[i] + addend[i];
}

}  // namespace

int64_t ScaledSumParts(const ScaledSum& p) { return p.batch * PartsPerImage(p.positions, p.channels); }

void ComputeScaledSumPart(const ScaledSum& p, int64_t part) {
  const int64_t parts_per_image = PartsPerImage(p.positions, p.channels);
  const int64_t image = part / parts_per_image;
  const int64_t first = part % parts_per_image * PartPositions(p.channels);
  const int64_t last = std::min(first + PartPositions(p.channels), p.positions);
  const float* const scale = p.scale + image * p.channels;
  for (int64_t i = (image * p.positions + first) * p.channels; i < (image * p.positions + last) * p.channels;
       i += p.channels) {
    ScaleAndAddRow(p.x + i, scale, p.addend + i, p.result + i, p.channels);
  }
}

PositionSums::PositionSums(const PositionSum& problem)
    : problem_(problem),
      parts_per_image_(PartsPerImage(problem.positions, problem.channels)),
      sums_(parts() * problem.channels) {}

void PositionSums::ComputePart(int64_t part) {
  const PositionSum& p = problem_;
  const int64_t image = part / parts_per_image_;
  const int64_t first = part % parts_per_image_ * PartPositions(p.channels);
  const int64_t last = std::min(first + PartPositions(p.channels), p.positions);
  for (int64_t i = (image * p.positions + first) * p.channels; i < (image * p.positions + last) * p.channels;
       i += p.channels) {
    AddRow(p.x + i, p.factor ? p.factor + i : nullptr, sums_.data() + part * p.channels, p.channels);
  }
}

void PositionSums::Finish() const {
  const PositionSum& p = problem_;
  for (int64_t image = 0; image < p.batch; image++) {
    float* const result = p.result + image * p.channels;
    std::fill(result, result + p.channels, 0.0f);
    for (int64_t part = image * parts_per_image_; part < (image + 1) * parts_per_image_; part++) {
      for (int64_t i = 0; i < p.channels; i++) result[i] += sums_[part * p.channels + i];
    }
    for (int64_t i = 0; i < p.channels; i++) result[i] *= p.weight;
  }
}

void MultiplyRows(const float* x, const float* filter, const float* bias, float* result, int64_t rows,
                  int64_t channels, int64_t outputs, bool transposed) {
  for (int64_t row = 0; row < rows; row++, x += channels, result += outputs) {
    for (int64_t k = 0; k < outputs; k++) result[k] = bias ? bias[k] : 0.0f;
    for (int64_t i = 0; i < channels; i++) {
      const float* from = transposed ? filter + i : filter + i * outputs;
      const int64_t step = transposed ? channels : 1;
      for (int64_t k = 0; k < outputs; k++) result[k] += x[i] * from[k * step];
    }
  }
}

void MultiplyRowsGradients(const float* x, const float* gradient, float* filter_gradient, float* bias_gradient,
                           int64_t rows, int64_t channels, int64_t outputs) {
  std::fill(filter_gradient, filter_gradient + channels * outputs, 0.0f);
  std::fill(bias_gradient, bias_gradient + outputs, 0.0f);
  for (int64_t row = 0; row < rows; row++, x += channels, gradient += outputs) {
    for (int64_t i = 0; i < channels; i++) {
      for (int64_t k = 0; k < outputs; k++) filter_gradient[i * outputs + k] += x[i] * gradient[k];
    }
    for (int64_t k = 0; k < outputs; k++) bias_gradient[k] += gradient[k];
  }
}

}  // namespace drc
