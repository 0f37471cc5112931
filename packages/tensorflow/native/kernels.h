// The kernels that are compiled once for each instruction set.
#pragma once

#include <cstdint>
#include <vector>

#include "convolution.h"
#include "filter-gradient.h"
#include "vectors.h"

namespace drc {

struct Kernels {
  std::vector<float> (*pack_filter)(const float* filter, int64_t channels, int64_t outputs, bool transposed);
  int64_t (*convolution_parts)(const Convolution& problem);
  void (*compute_convolution_part)(const Convolution& problem, const float* packed_filter, int64_t part);
  int64_t (*filter_gradient_parts)(const FilterGradient& problem);
  void (*compute_filter_gradient_part)(const FilterGradient& problem, int64_t part);
};

namespace avx2 {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}

inline const Kernels& KernelsOf(InstructionSet set) {
  return set == InstructionSet::kAvx512 ? avx512::kKernels : avx2::kKernels;
}

}  // namespace drc
