#include "vectors-avx512.h"

#include "convolution-kernel.inc"
#include "filter-gradient-kernel.inc"
#include "kernels.h"

const drc::Kernels drc::avx512::kKernels = {PackFilter, ConvolutionParts, ComputeConvolutionPart, FilterGradientParts,
                                        ComputeFilterGradientPart};
