#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void (*sgemm_function)(int, int, int, int, int, int, float,
                               const float *, int, const float *, int, float,
                               float *, int);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sgemm_function sgemm;
static char *(*get_config)(void);
static char failure[512];

// OpenBLAS knows CPUs by family and falls back to SSE3 kernels for those it does
// not; instruction sets tell more.
static const char *kernels_for_this_cpu(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
    return "SKYLAKEX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "HASWELL";
#endif
  return NULL;
}

static void prepare_environment(void) {
  const char *chosen = getenv("DOCPROC_BLAS_CORETYPE");
  if (!chosen || !*chosen) chosen = kernels_for_this_cpu();
  if (chosen) {
    setenv("OPENBLAS_CORETYPE", chosen, 1);
  } else {
    unsetenv("OPENBLAS_CORETYPE");
  }
  unsetenv("OPENBLAS_L2_SIZE");
  // The engine splits its own work over threads; each calls BLAS alone.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
}

static void load(void) {
  static const char *const names[] = {"libopenblas.so.0", "libopenblas.so"};
  prepare_environment();
  void *library = NULL;
  for (int i = 0; i < 2 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(failure, sizeof failure,
             "OpenBLAS was not found (%s); install it, for example: apt-get install libopenblas0-pthread",
             dlerror());
    return;
  }
  sgemm = (sgemm_function)dlsym(library, "cblas_sgemm");
  get_config = (char *(*)(void))dlsym(library, "openblas_get_config");
  if (!sgemm) snprintf(failure, sizeof failure, "the OpenBLAS library has no cblas_sgemm");
}

const char *openblas_load(void) {
  pthread_once(&once, load);
  return failure[0] ? failure : NULL;
}

const char *openblas_description(void) {
  return openblas_load() || !get_config ? "none" : get_config();
}

void openblas_gemm(int m, int n, int k, float alpha, const float *a, int lda,
                   const float *b, int ldb, int transpose_b, float beta,
                   float *c, int ldc) {
  sgemm(ROW_MAJOR, NO_TRANSPOSE, transpose_b ? TRANSPOSE : NO_TRANSPOSE, m, n, k,
        alpha, a, lda, b, ldb, beta, c, ldc);
}
