#include "vectors-avx2.h"

#include "convolution-kernel.inc"
#include "filter-gradient-kernel.inc"
#include "kernels.h"

const drc::Kernels drc::avx2::kKernels = {PackFilter, ConvolutionParts, ComputeConvolutionPart, FilterGradientParts,
                                        ComputeFilterGradientPart};
