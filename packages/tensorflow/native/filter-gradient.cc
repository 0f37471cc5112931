#include "filter-gradient.h"

#include "vectors-avx2.h"

namespace drc {
namespace {

// Above this, the outputs fill vectors well enough.
constexpr int64_t kFewOutputs = 8;

}  // namespace

bool HasFewOutputs(const FilterGradient& p) {
  return p.stride == 1 && p.outputs <= kFewOutputs && p.channels >= 2 * p.outputs;
}

Exchanged::Exchanged(const FilterGradient& problem)
    : original_(problem), problem_(problem), result_(problem.taps * problem.taps * problem.channels * problem.outputs),
      bias_result_(problem.channels) {
  problem_.input = problem.gradient;
  problem_.gradient = problem.input;
  problem_.channels = problem.outputs;
  problem_.outputs = problem.channels;
  problem_.result = result_.data();
  problem_.bias_result = bias_result_.data();
}

// Eight positions at a time, as one row of values.
DRC_TARGET void Exchanged::ComputeBias() const {
  constexpr int64_t kPositions = 8;
  const int64_t channels = original_.outputs, width = kPositions * channels;
  const int64_t size = original_.batch * original_.height * original_.width * channels;
  float sums[kPositions * kFewOutputs] = {};
  const float* const values = original_.gradient;
  int64_t first = 0;
  for (; first + width <= size; first += width) {
    for (int64_t i = 0; i < width; i++) sums[i] += values[first + i];
  }
  for (int64_t i = first; i < size; i++) sums[i - first] += values[i];
  for (int64_t i = 0; i < channels; i++) {
    float sum = 0;
    for (int64_t k = 0; k < kPositions; k++) sum += sums[k * channels + i];
    original_.bias_result[i] = sum;
  }
}

void Exchanged::Finish() const {
  const int64_t taps = original_.taps * original_.taps, ins = original_.channels, outs = original_.outputs;
  for (int64_t tap = 0; tap < taps; tap++) {
    const float* from = result_.data() + (taps - 1 - tap) * outs * ins;
    float* to = original_.result + tap * ins * outs;
    for (int64_t in = 0; in < ins; in++) {
      for (int64_t out = 0; out < outs; out++) to[in * outs + out] = from[out * ins + in];
    }
  }
}

}  // namespace drc
