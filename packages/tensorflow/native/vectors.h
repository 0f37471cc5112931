// What the kernels for different processors share.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define DRC_UNROLL _Pragma("GCC unroll 32")

namespace drc {

constexpr int kTaps = 3;

// What the kernels are compiled for; the number is that of float values in one vector.
enum class InstructionSet : int { kAvx2 = 8, kAvx512 = 16 };

// Whether this processor has it. The library is loaded on every processor.
inline bool Has(InstructionSet set) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return false;
  return set == InstructionSet::kAvx2 || __builtin_cpu_supports("avx512f");
}

}  // namespace drc
