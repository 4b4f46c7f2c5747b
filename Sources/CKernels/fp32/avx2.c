#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define KERNEL_ISA "avx2"
#define kernel_table_name kernel_table_avx2
#include "kernels.inc"
#pragma clang attribute pop
#endif
