// Vectors of sixteen values, for processors with AVX-512.
#pragma once

#include "vectors.h"

// What is compiled for such processors only.
#define DRC_TARGET __attribute__((target("avx512f,avx2,fma")))
#define DRC_INLINE DRC_TARGET inline __attribute__((always_inline))
#define DRC_SET avx512

namespace drc::avx512 {

constexpr int kLanes = 16;
// Sums of a tile: with their operands they nearly fill the thirty-two registers.
constexpr int kTileSums = 24;

using Vector = __m512;
using Mask = __mmask16;

// The first `count` lanes.
DRC_INLINE Mask LeadingLanes(int64_t count) {
  return static_cast<Mask>(count >= kLanes ? 0xffff : (1u << count) - 1);
}

DRC_INLINE Vector Zero() { return _mm512_setzero_ps(); }
DRC_INLINE Vector Broadcast(const float* from) { return _mm512_set1_ps(*from); }
DRC_INLINE Vector Load(const float* from) { return _mm512_loadu_ps(from); }
DRC_INLINE Vector LoadLanes(const float* from, Mask mask) { return _mm512_maskz_loadu_ps(mask, from); }
DRC_INLINE void Store(float* to, Vector value) { _mm512_storeu_ps(to, value); }
DRC_INLINE void StoreLanes(float* to, Mask mask, Vector value) { _mm512_mask_storeu_ps(to, mask, value); }
DRC_INLINE Vector Add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
DRC_INLINE Vector MultiplyAdd(Vector a, Vector b, Vector sum) { return _mm512_fmadd_ps(a, b, sum); }
// In this order of operands what is not a number stays so.
DRC_INLINE Vector Positive(Vector value) { return _mm512_max_ps(_mm512_setzero_ps(), value); }
// `value` where `gate` is above zero, else zero.
DRC_INLINE Vector Gated(Vector value, Vector gate) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(gate, _mm512_setzero_ps(), _CMP_GT_OQ), value);
}

}  // namespace drc::avx512
