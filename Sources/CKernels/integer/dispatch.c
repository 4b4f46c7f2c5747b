#include <stdlib.h>
#include <string.h>

#include "../include/CIntegerKernels.h"

extern const integer_kernel_table integer_kernel_table_reference;

#if defined(__x86_64__)
extern const integer_kernel_table integer_kernel_table_avx2, integer_kernel_table_avx512vnni;

static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static int has_avx512vnni(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
}

const integer_kernel_table *integer_kernels_named(const char *name) {
  if (!strcmp(name, "avx512vnni") && has_avx512vnni()) return &integer_kernel_table_avx512vnni;
  if (!strcmp(name, "avx2") && has_avx2()) return &integer_kernel_table_avx2;
  return strcmp(name, "reference") ? NULL : &integer_kernel_table_reference;
}

static const integer_kernel_table *fastest(int wide) {
  if (wide && has_avx512vnni()) return &integer_kernel_table_avx512vnni;
  return has_avx2() ? &integer_kernel_table_avx2 : &integer_kernel_table_reference;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

extern const integer_kernel_table integer_kernel_table_neon;
enum { HWCAP_DOT_PRODUCT = 1 << 20 };

static int has_dot_product(void) { return (getauxval(AT_HWCAP) & HWCAP_DOT_PRODUCT) != 0; }

const integer_kernel_table *integer_kernels_named(const char *name) {
  if (!strcmp(name, "neon") && has_dot_product()) return &integer_kernel_table_neon;
  return strcmp(name, "reference") ? NULL : &integer_kernel_table_reference;
}

static const integer_kernel_table *fastest(int wide) {
  return wide && has_dot_product() ? &integer_kernel_table_neon : &integer_kernel_table_reference;
}
#else
const integer_kernel_table *integer_kernels_named(const char *name) {
  return strcmp(name, "reference") ? NULL : &integer_kernel_table_reference;
}

static const integer_kernel_table *fastest(int wide) {
  (void)wide;
  return &integer_kernel_table_reference;
}
#endif

const integer_kernel_table *integer_kernels_reference(void) { return &integer_kernel_table_reference; }

const integer_kernel_table *integer_kernels(void) {
  static const integer_kernel_table *chosen;
  if (!chosen) {
    const char *wanted = getenv("DOCPROC_ISA");
    const integer_kernel_table *named = wanted ? integer_kernels_named(wanted) : NULL;
    chosen = named ? named : fastest(!wanted || !strcmp(wanted, "avx512"));
  }
  return chosen;
}
