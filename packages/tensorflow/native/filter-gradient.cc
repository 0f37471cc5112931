#include "filter-gradient.h"

#include <algorithm>
#include <vector>

#include "vectors.h"

namespace drc {
namespace {

// Each part reads all of the input and all of its share of the gradient: larger parts read less.
constexpr int64_t kPartInputs = 32;
constexpr int64_t kPartOutputs = 2 * kLanes;
// Below this number of parts a row of taps is a part of its own, so that a few threads have enough to do.
constexpr int64_t kFewParts = 8;
// Positions that a tile sums before it goes back to memory: its own traffic is then a few per cent, and what is read
// again stays in the first cache.
constexpr int64_t kPositionsAtOnce = 144;

struct Part {
  int64_t first_in, last_in, out;
  int first_tap_row, last_tap_row;
};

struct Partition {
  int64_t ins, outs;
  int tap_rows;

  explicit Partition(const FilterGradient& p)
      : ins((p.channels + kPartInputs - 1) / kPartInputs),
        outs((p.outputs + kPartOutputs - 1) / kPartOutputs),
        tap_rows(ins * outs < kFewParts ? kTaps : 1) {}

  int64_t size() const { return ins * outs * tap_rows; }

  Part operator[](int64_t index) const {
    const int tap_row = static_cast<int>(index % tap_rows);
    const int64_t block = index / tap_rows;
    const int64_t first_in = block % ins * kPartInputs;
    const int rows_each = kTaps / tap_rows;
    return {first_in, first_in + kPartInputs, block / ins * kPartOutputs, tap_row * rows_each,
            (tap_row + 1) * rows_each};
  }
};

// Some rows of the gradient, VECTORS·8 outputs of each position side by side, zeros where there are fewer.
struct Strip {
  int64_t image, first_row, last_row;
  const float* gradient;
};

// The sums of one row of taps for INS input channels and VECTORS·8 outputs.
template <int INS, int VECTORS>
struct Tile {
  __m256 sums[kTaps][INS][VECTORS];

  // Adds one output position for the taps FIRST..LAST-1; `x` is the input at the middle tap.
  template <int FIRST, int LAST>
  DRC_AVX2 inline __attribute__((always_inline)) void Add(const float* x, int64_t channels, const float* gradient) {
    __m256 gradients[VECTORS];
    DRC_UNROLL for (int v = 0; v < VECTORS; v++) gradients[v] = _mm256_loadu_ps(gradient + kLanes * v);
    DRC_UNROLL for (int tap = FIRST; tap < LAST; tap++) {
      DRC_UNROLL for (int i = 0; i < INS; i++) {
        const __m256 value = _mm256_broadcast_ss(x + (tap - 1) * channels + i);
        DRC_UNROLL for (int v = 0; v < VECTORS; v++) {
          sums[tap][i][v] = _mm256_fmadd_ps(value, gradients[v], sums[tap][i][v]);
        }
      }
    }
  }
};

template <int INS, int VECTORS>
DRC_AVX2 __attribute__((noinline)) void AddStrip(const FilterGradient& p, const Strip& strip, int tap_row, int64_t in,
                                                 int64_t out) {
  Tile<INS, VECTORS> tile;
  DRC_UNROLL for (int tap = 0; tap < kTaps; tap++) {
    DRC_UNROLL for (int i = 0; i < INS; i++) {
      DRC_UNROLL for (int v = 0; v < VECTORS; v++) tile.sums[tap][i][v] = _mm256_setzero_ps();
    }
  }
  // With stride 1 the last position has no input to its right.
  const bool has_right = p.stride * (p.out_width - 1) + 1 < p.width;
  const int64_t inner = p.out_width - (has_right ? 1 : 2);
  const int64_t step = p.stride * p.channels;
  for (int64_t row = strip.first_row; row < strip.last_row; row++) {
    const int64_t y = p.stride * row + tap_row - 1;
    if (y < 0 || y >= p.height) continue;
    const float* x = p.input + (strip.image * p.height + y) * p.width * p.channels + in;
    const float* gradient = strip.gradient + (row - strip.first_row) * p.out_width * VECTORS * kLanes;
    tile.template Add<1, kTaps>(x, p.channels, gradient);
    for (int64_t i = 0; i < inner; i++) {
      x += step;
      gradient += VECTORS * kLanes;
      tile.template Add<0, kTaps>(x, p.channels, gradient);
    }
    if (!has_right) tile.template Add<0, kTaps - 1>(x + step, p.channels, gradient + VECTORS * kLanes);
  }
  const __m256i mask = LeadingLanes(p.outputs - out - (VECTORS - 1) * kLanes);
  float* const result = p.result + (tap_row * kTaps * p.channels + in) * p.outputs + out;
  DRC_UNROLL for (int tap = 0; tap < kTaps; tap++) {
    DRC_UNROLL for (int i = 0; i < INS; i++) {
      DRC_UNROLL for (int v = 0; v < VECTORS; v++) {
        float* sum = result + (tap * p.channels + i) * p.outputs + kLanes * v;
        if (v == VECTORS - 1) {
          _mm256_maskstore_ps(sum, mask, _mm256_add_ps(_mm256_maskload_ps(sum, mask), tile.sums[tap][i][v]));
        } else {
          _mm256_storeu_ps(sum, _mm256_add_ps(_mm256_loadu_ps(sum), tile.sums[tap][i][v]));
        }
      }
    }
  }
}

// The gradient of the bias is the sum of the gradient over all positions.
template <int VECTORS>
DRC_AVX2 void AddBiasStrip(const Strip& strip, int64_t positions, float* sums) {
  __m256 strip_sums[VECTORS];
  DRC_UNROLL for (int v = 0; v < VECTORS; v++) strip_sums[v] = _mm256_setzero_ps();
  for (int64_t i = 0; i < positions; i++) {
    DRC_UNROLL for (int v = 0; v < VECTORS; v++) {
      strip_sums[v] = _mm256_add_ps(strip_sums[v], _mm256_loadu_ps(strip.gradient + (i * VECTORS + v) * kLanes));
    }
  }
  DRC_UNROLL for (int v = 0; v < VECTORS; v++) {
    _mm256_storeu_ps(sums + v * kLanes, _mm256_add_ps(_mm256_loadu_ps(sums + v * kLanes), strip_sums[v]));
  }
}

// Twelve sums in registers at a time, however many outputs there are; what is left of the inputs goes one by one.
template <int INS, int VECTORS>
DRC_AVX2 void AddPart(const FilterGradient& p, const Part& part) {
  constexpr int64_t kWidth = VECTORS * kLanes;
  const int64_t outs = std::min(kWidth, p.outputs - part.out);
  const int64_t last_in = std::min(part.last_in, p.channels);
  for (int tap = part.first_tap_row * kTaps; tap < part.last_tap_row * kTaps; tap++) {
    for (int64_t in = part.first_in; in < last_in; in++) {
      float* sums = p.result + (tap * p.channels + in) * p.outputs + part.out;
      std::fill(sums, sums + outs, 0.0f);
    }
  }
  const __m256i mask = LeadingLanes(outs - (VECTORS - 1) * kLanes);
  const int64_t rows_at_once = std::max<int64_t>(1, kPositionsAtOnce / p.out_width);
  std::vector<float> packed(rows_at_once * p.out_width * kWidth);
  float bias[kWidth] = {};
  const bool with_bias = part.first_in == 0 && part.first_tap_row == 0;
  for (int64_t image = 0; image < p.batch; image++) {
    for (int64_t row = 0; row < p.out_height; row += rows_at_once) {
      const Strip strip{image, row, std::min(row + rows_at_once, p.out_height), packed.data()};
      const float* gradient = p.gradient + (image * p.out_height + row) * p.out_width * p.outputs + part.out;
      const int64_t positions = (strip.last_row - row) * p.out_width;
      for (int64_t i = 0; i < positions; i++) {
        const float* from = gradient + i * p.outputs;
        float* to = packed.data() + i * kWidth;
        if (VECTORS == 2) _mm256_storeu_ps(to, _mm256_loadu_ps(from));
        _mm256_storeu_ps(to + kWidth - kLanes, _mm256_maskload_ps(from + kWidth - kLanes, mask));
      }
      if (with_bias) AddBiasStrip<VECTORS>(strip, positions, bias);
      for (int tap_row = part.first_tap_row; tap_row < part.last_tap_row; tap_row++) {
        int64_t in = part.first_in;
        for (; in + INS <= last_in; in += INS) AddStrip<INS, VECTORS>(p, strip, tap_row, in, part.out);
        for (; in < last_in; in++) AddStrip<1, VECTORS>(p, strip, tap_row, in, part.out);
      }
    }
  }
  if (with_bias) std::copy(bias, bias + outs, p.bias_result + part.out);
}

}  // namespace

int64_t FilterGradientParts(const FilterGradient& problem) { return Partition(problem).size(); }

void ComputeFilterGradientPart(const FilterGradient& problem, int64_t index) {
  const Part part = Partition(problem)[index];
  if (problem.outputs - part.out > kLanes) {
    AddPart<2, 2>(problem, part);
  } else {
    AddPart<4, 1>(problem, part);
  }
}

}  // namespace drc
