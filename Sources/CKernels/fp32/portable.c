// The fast loops for the compiler's baseline: SSE2 on x86-64, NEON on arm64.
#if defined(__aarch64__)
#define KERNEL_ISA "neon"
#else
#define KERNEL_ISA "baseline"
#endif
#define kernel_table_name kernel_table_baseline
#include "kernels.inc"
