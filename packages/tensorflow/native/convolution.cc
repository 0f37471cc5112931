#include "convolution.h"

#include <algorithm>

#include "vectors.h"

namespace drc {
namespace {

constexpr int64_t kBlockOutputs = 2 * kLanes;
// Positions of a tile: with two vectors of outputs each, twelve sums, which with their operands fill the registers.
constexpr int kTilePositions = 6;
// A part reads the filter once for so many positions.
constexpr int64_t kPartPositions = 144;
constexpr int64_t kLeastPartRows = 4;
// Half of the second cache of usual processors: the input of a part stays there while the outputs go by.
constexpr int64_t kPartInputBytes = 256 * 1024;
// Three quarters of the first cache: what a pass reads of the filter stays there while the positions go by.
constexpr int64_t kPassFilterBytes = 24 * 1024;

int64_t PaddedWidth(const Convolution& p) { return p.stride * (p.out_width - 1) + kTaps; }

int64_t PartRows(const Convolution& p) {
  const int64_t row_bytes = PaddedWidth(p) * p.channels * static_cast<int64_t>(sizeof(float));
  const int64_t fitting = (kPartInputBytes / row_bytes - kTaps) / p.stride + 1;
  const int64_t wanted = std::max((kPartPositions + p.out_width - 1) / p.out_width, kLeastPartRows);
  return std::max<int64_t>(1, std::min({wanted, fitting, p.out_height}));
}

// The rows that a part reads, with the padding.
std::vector<float> PaddedRows(const Convolution& p, int64_t image, int64_t first_row, int64_t rows) {
  const int64_t row_size = PaddedWidth(p) * p.channels;
  std::vector<float> padded(rows * row_size);
  for (int64_t row = 0; row < rows; row++) {
    const int64_t y = first_row + row;
    if (y < 0 || y >= p.height) continue;
    const float* from = p.input + (image * p.height + y) * p.width * p.channels;
    std::copy(from, from + p.width * p.channels, padded.data() + row * row_size + p.channels);
  }
  return padded;
}

// What all tiles of a pass have in common.
struct Pass {
  const float* filter;  // of the first tap row of the pass
  int tap_rows;
  int64_t channels, row_size, position_size;  // of the padded input
  int64_t outputs;                            // from one position of the result to the next
  const float* bias;                          // of the first pass: what the sums begin with, two vectors
  bool relu;                                  // of the last pass
  __m256i mask;                               // of the last vector
};

template <int POSITIONS, int VECTORS, bool PARTIAL>
DRC_AVX2 void ComputeTile(const Pass& pass, const float* input, float* result) {
  __m256 sums[POSITIONS][VECTORS];
  DRC_UNROLL for (int i = 0; i < POSITIONS; i++) {
    DRC_UNROLL for (int v = 0; v < VECTORS; v++) {
      const float* sum = result + i * pass.outputs + v * kLanes;
      if (pass.bias) {
        sums[i][v] = _mm256_loadu_ps(pass.bias + v * kLanes);
      } else if (PARTIAL && v == VECTORS - 1) {
        sums[i][v] = _mm256_maskload_ps(sum, pass.mask);
      } else {
        sums[i][v] = _mm256_loadu_ps(sum);
      }
    }
  }
  const float* filter = pass.filter;
  for (int tap_row = 0; tap_row < pass.tap_rows; tap_row++) {
    const float* x = input + tap_row * pass.row_size;
    // The channels of neighbouring positions lie one after the other, and so do those of the taps of a row.
    for (int64_t i = 0; i < kTaps * pass.channels; i++) {
      __m256 weights[VECTORS];
      DRC_UNROLL for (int v = 0; v < VECTORS; v++) weights[v] = _mm256_loadu_ps(filter + v * kLanes);
      DRC_UNROLL for (int k = 0; k < POSITIONS; k++) {
        const __m256 value = _mm256_broadcast_ss(x + k * pass.position_size);
        DRC_UNROLL for (int v = 0; v < VECTORS; v++) sums[k][v] = _mm256_fmadd_ps(value, weights[v], sums[k][v]);
      }
      x++;
      filter += VECTORS * kLanes;
    }
  }
  DRC_UNROLL for (int i = 0; i < POSITIONS; i++) {
    DRC_UNROLL for (int v = 0; v < VECTORS; v++) {
      float* sum = result + i * pass.outputs + v * kLanes;
      // In this order NaN stays NaN.
      const __m256 value = pass.relu ? _mm256_max_ps(_mm256_setzero_ps(), sums[i][v]) : sums[i][v];
      if (PARTIAL && v == VECTORS - 1) {
        _mm256_maskstore_ps(sum, pass.mask, value);
      } else {
        _mm256_storeu_ps(sum, value);
      }
    }
  }
}

template <int VECTORS, bool PARTIAL>
DRC_AVX2 void ComputeRow(const Pass& pass, const float* input, float* result, int64_t positions) {
  for (; positions >= kTilePositions; positions -= kTilePositions) {
    ComputeTile<kTilePositions, VECTORS, PARTIAL>(pass, input, result);
    input += kTilePositions * pass.position_size;
    result += kTilePositions * pass.outputs;
  }
  switch (positions) {
    case 1: return ComputeTile<1, VECTORS, PARTIAL>(pass, input, result);
    case 2: return ComputeTile<2, VECTORS, PARTIAL>(pass, input, result);
    case 3: return ComputeTile<3, VECTORS, PARTIAL>(pass, input, result);
    case 4: return ComputeTile<4, VECTORS, PARTIAL>(pass, input, result);
    case 5: return ComputeTile<5, VECTORS, PARTIAL>(pass, input, result);
  }
}

DRC_AVX2 void ComputeRowOfBlock(const Pass& pass, const float* input, float* result, int64_t positions,
                                int64_t block_outputs) {
  const bool partial = block_outputs % kLanes != 0;
  if (block_outputs > kLanes) {
    return partial ? ComputeRow<2, true>(pass, input, result, positions)
                   : ComputeRow<2, false>(pass, input, result, positions);
  }
  return partial ? ComputeRow<1, true>(pass, input, result, positions)
                 : ComputeRow<1, false>(pass, input, result, positions);
}

int64_t BlockVectors(int64_t block_outputs) { return block_outputs > kLanes ? 2 : 1; }

DRC_AVX2 void ComputePart(const Convolution& p, const PackedFilter& filter, int64_t image, int64_t first_row,
                          int64_t rows) {
  const std::vector<float> input = PaddedRows(p, image, p.stride * first_row - 1, p.stride * (rows - 1) + kTaps);
  float* const result = p.result + (image * p.out_height + first_row) * p.out_width * p.outputs;
  for (int64_t out = 0; out < p.outputs; out += kBlockOutputs) {
    const int64_t block_outputs = std::min(kBlockOutputs, p.outputs - out);
    const int64_t width = BlockVectors(block_outputs) * kLanes;
    float bias[kBlockOutputs] = {};
    if (p.bias) std::copy(p.bias + out, p.bias + out + block_outputs, bias);

    const int64_t tap_row_size = kTaps * p.channels * width;
    const bool at_once = kTaps * tap_row_size * static_cast<int64_t>(sizeof(float)) <= kPassFilterBytes;
    Pass pass;
    pass.tap_rows = at_once ? kTaps : 1;
    pass.channels = p.channels;
    pass.row_size = PaddedWidth(p) * p.channels;
    pass.position_size = p.stride * p.channels;
    pass.outputs = p.outputs;
    pass.mask = LeadingLanes((block_outputs - 1) % kLanes + 1);
    for (int tap_row = 0; tap_row < kTaps; tap_row += pass.tap_rows) {
      pass.filter = filter.block(out) + tap_row * tap_row_size;
      pass.bias = tap_row == 0 ? bias : nullptr;
      pass.relu = p.relu && tap_row + pass.tap_rows == kTaps;
      for (int64_t row = 0; row < rows; row++) {
        const float* from = input.data() + (p.stride * row + tap_row) * pass.row_size;
        ComputeRowOfBlock(pass, from, result + row * p.out_width * p.outputs + out, p.out_width, block_outputs);
      }
    }
  }
}

}  // namespace

PackedFilter::PackedFilter(const float* filter, int64_t channels, int64_t outputs, bool transposed)
    : taps_and_channels_(kTaps * kTaps * channels),
      values_((outputs + kLanes - 1) / kLanes * kLanes * taps_and_channels_) {
  for (int64_t out = 0; out < outputs; out += kBlockOutputs) {
    const int64_t block_outputs = std::min(kBlockOutputs, outputs - out);
    const int64_t width = BlockVectors(block_outputs) * kLanes;
    float* to = values_.data() + out * taps_and_channels_;
    for (int64_t i = 0; i < taps_and_channels_; i++, to += width) {
      if (!transposed) {
        std::copy(filter + i * outputs + out, filter + i * outputs + out + block_outputs, to);
        continue;
      }
      const int64_t tap = kTaps * kTaps - 1 - i / channels;
      const float* from = filter + (tap * outputs + out) * channels + i % channels;
      for (int64_t k = 0; k < block_outputs; k++) to[k] = from[k * channels];
    }
  }
}

int64_t ConvolutionParts(const Convolution& p) {
  const int64_t rows = PartRows(p);
  return p.batch * ((p.out_height + rows - 1) / rows);
}

void ComputeConvolutionPart(const Convolution& p, const PackedFilter& filter, int64_t part) {
  const int64_t rows = PartRows(p);
  const int64_t parts_per_image = (p.out_height + rows - 1) / rows;
  const int64_t first_row = part % parts_per_image * rows;
  ComputePart(p, filter, part / parts_per_image, first_row, std::min(rows, p.out_height - first_row));
}

}  // namespace drc
