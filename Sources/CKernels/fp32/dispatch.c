#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "../include/CKernels.h"

extern const kernel_table kernel_table_reference, kernel_table_baseline;

#if defined(__x86_64__)
extern const kernel_table kernel_table_avx2, kernel_table_avx512;

static int has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq");
}

static const kernel_table *fastest(void) {
  if (has_avx512()) return &kernel_table_avx512;
  return has_avx2() ? &kernel_table_avx2 : &kernel_table_baseline;
}

const kernel_table *kernels_named(const char *isa) {
  if (!strcmp(isa, "avx512")) return has_avx512() ? &kernel_table_avx512 : NULL;
  if (!strcmp(isa, "avx2")) return has_avx2() ? &kernel_table_avx2 : NULL;
  if (!strcmp(isa, "reference")) return &kernel_table_reference;
  return strcmp(isa, kernel_table_baseline.isa) ? NULL : &kernel_table_baseline;
}
#else
static const kernel_table *fastest(void) { return &kernel_table_baseline; }

const kernel_table *kernels_named(const char *isa) {
  if (!strcmp(isa, "reference")) return &kernel_table_reference;
  return strcmp(isa, kernel_table_baseline.isa) ? NULL : &kernel_table_baseline;
}
#endif

const kernel_table *kernels_reference(void) { return &kernel_table_reference; }

const kernel_table *kernels(void) {
  static const kernel_table *chosen;
  if (!chosen) {
    const char *wanted = getenv("DOCPROC_ISA");
    const kernel_table *named = wanted ? kernels_named(wanted) : NULL;
    chosen = named ? named : fastest();
  }
  return chosen;
}

int usable_cpu_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set)) return 1;
  return CPU_COUNT(&set);
}
