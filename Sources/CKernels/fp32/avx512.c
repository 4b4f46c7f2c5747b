#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)
#define TILE_ROWS 6
#define TILE_VECTORS 4
#define KERNEL_ISA "avx512"
#define kernel_table_name kernel_table_avx512
#include "kernels.inc"
#pragma clang attribute pop
#endif
