// What the kernels for processors with AVX2 share.
#pragma once

#include <immintrin.h>

#include <cstdint>

// Only what is marked uses AVX2: the library has to load on every processor.
#define DRC_AVX2 __attribute__((target("avx2,fma")))
#define DRC_UNROLL _Pragma("GCC unroll 16")

namespace drc {

constexpr int kTaps = 3;
constexpr int kLanes = 8;

// Whether this processor can run the kernels.
inline bool HasAvx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

// Whether TensorFlow has nothing better for it: with AVX-512, oneDNN has.
inline bool PrefersOwnKernels() { return HasAvx2() && !__builtin_cpu_supports("avx512f"); }

// A mask of the first `count` of eight lanes.
DRC_AVX2 inline __m256i LeadingLanes(int64_t count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lanes);
}

}  // namespace drc
