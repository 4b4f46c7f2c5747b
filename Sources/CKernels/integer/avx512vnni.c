// The integer kernels for AVX-512 with VNNI: one multiply-add instruction takes four
// 8-bit or two 16-bit products a lane.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "../include/CIntegerKernels.h"
#include "integer.h"

#pragma clang attribute push(                                                            \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), \
    apply_to = function)

#include "activations.inc"

#define INLINE static inline __attribute__((always_inline))
// Loops over registers: one left rolled would move them all to memory.
#define UNROLL _Pragma("clang loop unroll(full)")

enum {
  VECTORS = PANEL_COLUMNS / 16,
  TILE_ROWS8 = 6,  // with four vectors of columns: 24 of 32 registers hold sums
};

INLINE int32_t four(const int8_t *values) {
  int32_t lane;
  memcpy(&lane, values, sizeof lane);
  return lane;
}

// 64 activations: their scale, and the sums of both halves.
INLINE void quantize_values(int8_t *out, float *scale, int32_t *sums, const float *x) {
  __m512 parts[4], best = _mm512_setzero_ps();
  UNROLL
  for (int v = 0; v < 4; v++) {
    parts[v] = _mm512_loadu_ps(x + 16 * v);
    best = _mm512_max_ps(best, _mm512_abs_ps(parts[v]));
  }
  float largest = _mm512_reduce_max_ps(best);
  __m512 inverse = _mm512_set1_ps(largest > 0 ? 127 / largest : 0);
  *scale = largest * (1.0f / 127);
  UNROLL
  for (int v = 0; v < 4; v++) {
    __m512i rounded = _mm512_cvtps_epi32(_mm512_mul_ps(parts[v], inverse));
    _mm_storeu_si128((__m128i *)(out + 16 * v), _mm512_cvtepi32_epi8(rounded));
  }
  __m512i ones = _mm512_set1_epi8(1), values = _mm512_loadu_si512(out);
  __m512i fours = _mm512_dpbusd_epi32(_mm512_setzero_si512(), ones, values);
  sums[0] = _mm512_mask_reduce_add_epi32(0x00ff, fours);
  sums[1] = _mm512_mask_reduce_add_epi32(0xff00, fours);
}

static void quantize_rows(quantized_rows *out, const float *x, int64_t row, int64_t rows, int64_t columns) {
  int64_t groups = out->stride / INT8_GROUP;
  if (columns % INT8_GROUP) {
    quantize_rows8(out, x, row, rows, columns);
    return;
  }
  for (int64_t g = row * groups; g < (row + rows) * groups; g++)
    quantize_values(out->values + g * INT8_GROUP, out->scales + g, out->sums + 2 * g, x + g * INT8_GROUP);
}

static void quantize_block(quantized_rows *out, const float *x, int64_t row, int64_t rows, int64_t group, int64_t columns) {
  int64_t groups = out->stride / INT8_GROUP;
  if (columns != INT8_GROUP) {
    quantize_group8(out, x, row, rows, group, columns);
    return;
  }
  for (int64_t r = 0; r < rows; r++) {
    int64_t at = (row + r) * groups + group;
    quantize_values(out->values + at * INT8_GROUP, out->scales + at, out->sums + 2 * at, x + r * INT8_GROUP);
  }
}

INLINE __mmask16 columns_mask(int64_t columns, int vector) {
  int64_t left = columns - 16 * vector;
  return left >= 16 ? 0xffff : left <= 0 ? 0 : (__mmask16)((1u << left) - 1);
}

#include "avx512vnni_products.inc"

#include "avx512vnni_attention.inc"

#pragma clang attribute pop

const integer_kernel_table integer_kernel_table_avx512vnni = {
    .name = "avx512vnni",
    .matmul8 = matmul8,
    .matvec8 = matvec8,
    .matvec4 = matvec4,
    .expand4 = expand4,
    .attend16 = attend16,
    .quantize_rows8 = quantize_rows,
    .quantize_group8 = quantize_block,
    .quantize_rows16 = quantize_rows16,
    .pack_run16 = pack_run16,
    .peak8 = peak8,
};
#endif
