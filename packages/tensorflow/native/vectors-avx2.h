// Vectors of eight values, for processors with AVX2.
#pragma once

#include "vectors.h"

// What is compiled for such processors only.
#define DRC_TARGET __attribute__((target("avx2,fma")))
#define DRC_INLINE DRC_TARGET inline __attribute__((always_inline))
#define DRC_SET avx2

namespace drc::avx2 {

constexpr int kLanes = 8;
// Sums of a tile: they fill the sixteen registers, with their operands.
constexpr int kTileSums = 12;

using Vector = __m256;
using Mask = __m256i;

// The first `count` lanes.
DRC_INLINE Mask LeadingLanes(int64_t count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lanes);
}

DRC_INLINE Vector Zero() { return _mm256_setzero_ps(); }
DRC_INLINE Vector Broadcast(const float* from) { return _mm256_broadcast_ss(from); }
DRC_INLINE Vector Load(const float* from) { return _mm256_loadu_ps(from); }
DRC_INLINE Vector LoadLanes(const float* from, Mask mask) { return _mm256_maskload_ps(from, mask); }
DRC_INLINE void Store(float* to, Vector value) { _mm256_storeu_ps(to, value); }
DRC_INLINE void StoreLanes(float* to, Mask mask, Vector value) { _mm256_maskstore_ps(to, mask, value); }
DRC_INLINE Vector Add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
DRC_INLINE Vector MultiplyAdd(Vector a, Vector b, Vector sum) { return _mm256_fmadd_ps(a, b, sum); }
// In this order of operands what is not a number stays so.
DRC_INLINE Vector Positive(Vector value) { return _mm256_max_ps(_mm256_setzero_ps(), value); }
// `value` where `gate` is above zero, else zero.
DRC_INLINE Vector Gated(Vector value, Vector gate) {
  return _mm256_and_ps(value, _mm256_cmp_ps(gate, _mm256_setzero_ps(), _CMP_GT_OQ));
}

}  // namespace drc::avx2
