// The integer kernels for AVX2, which multiplies 16-bit pairs: bytes are widened in
// registers, even and odd ones apart.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "../include/CIntegerKernels.h"
#include "integer.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "activations.inc"
#include "expand4.inc"

#define INLINE static inline __attribute__((always_inline))

enum { COLUMNS = 16, VECTORS = COLUMNS / 8, ROWS = 4 };

// Four products a lane: even bytes by even ones, odd by odd.
INLINE __m256i dot_lanes(__m256i sum, __m256i even, __m256i odd, __m256i a_even, __m256i a_odd) {
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(even, a_even));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(odd, a_odd));
}

INLINE __m256i even_bytes(__m256i bytes) { return _mm256_and_si256(bytes, _mm256_set1_epi16(255)); }
INLINE __m256i odd_bytes(__m256i bytes) { return _mm256_srli_epi16(bytes, 8); }

INLINE __m256i four(const int8_t *values) {
  int32_t lane;
  memcpy(&lane, values, sizeof lane);
  return _mm256_set1_epi32(lane);
}
INLINE __m256i signed_even(__m256i a) { return _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8); }
INLINE __m256i signed_odd(__m256i a) { return _mm256_srai_epi16(a, 8); }

INLINE void store(float *y, __m256 value, int64_t columns) {
  float lanes[8];
  if (columns <= 0) return;
  if (columns >= 8) {
    _mm256_storeu_ps(y, value);
    return;
  }
  _mm256_storeu_ps(lanes, value);
  for (int64_t c = 0; c < columns; c++) y[c] = lanes[c];
}

INLINE __m256 bfloats(const uint8_t *bits) {
  __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)bits));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

INLINE void tile8(int rows, float *y, int64_t ldy, const quantized_rows *x, int64_t row,
                  const uint8_t *block, int64_t column, int64_t columns) {
  __m256 totals[ROWS][VECTORS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < VECTORS; v++) totals[r][v] = _mm256_setzero_ps();
  for (int64_t g = 0; g < x->stride / INT8_GROUP; g++, block += INT8_BLOCK_BYTES) {
    __m256i sums[ROWS][VECTORS];
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm256_set1_epi32(-128 * group_sum(x, row + r, g));
    for (int64_t k = 0; k < INT8_GROUP / 4; k++) {
      for (int v = 0; v < VECTORS; v++) {
        __m256i w = _mm256_loadu_si256((const __m256i *)(block + (k * PANEL_COLUMNS + column) * 4 + 32 * v));
        __m256i even = even_bytes(w), odd = odd_bytes(w);
        for (int r = 0; r < rows; r++) {
          __m256i a = four(x->values + (row + r) * x->stride + g * INT8_GROUP + 4 * k);
          sums[r][v] = dot_lanes(sums[r][v], even, odd, signed_even(a), signed_odd(a));
        }
      }
    }
    for (int v = 0; v < VECTORS; v++) {
      __m256 scale = bfloats(block + PANEL_COLUMNS * INT8_GROUP + 2 * (column + 8 * v));
      for (int r = 0; r < rows; r++) {
        __m256 both = _mm256_mul_ps(scale, _mm256_set1_ps(group_scale(x, row + r, g)));
        totals[r][v] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[r][v]), both, totals[r][v]);
      }
    }
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < VECTORS; v++) store(y + r * ldy + 8 * v, totals[r][v], columns - 8 * v);
}

static void matmul8(float *y, int64_t ldy, const quantized_rows *x, int64_t first_row,
                    int64_t rows, const uint8_t *panels, int64_t columns) {
  int64_t bytes = x->stride / INT8_GROUP * INT8_BLOCK_BYTES;
  for (int64_t c = 0; c < columns; c += COLUMNS) {
    const uint8_t *panel = panels + c / PANEL_COLUMNS * bytes;
    int64_t row = 0;
    for (; row + ROWS <= rows; row += ROWS)
      tile8(ROWS, y + row * ldy + c, ldy, x, first_row + row, panel, c % PANEL_COLUMNS, columns - c);
    for (; row < rows; row++)
      tile8(1, y + row * ldy + c, ldy, x, first_row + row, panel, c % PANEL_COLUMNS, columns - c);
  }
}

INLINE __m256 halves(const uint8_t *bits) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)bits)); }

static void matvec8(float *y, int64_t ldy, const quantized_rows *x, int64_t rows, const uint8_t *panels,
                    int64_t first_column, int64_t columns) {
  int64_t bytes = x->stride / INT8_GROUP * INT8_BLOCK_BYTES;
  for (int64_t c = first_column; c < first_column + columns; c += COLUMNS) {
    const uint8_t *panel = panels + c / PANEL_COLUMNS * bytes;
    float *out = y + c - first_column;
    int64_t row = 0, left = first_column + columns - c;
    for (; row + ROWS <= rows; row += ROWS) tile8(ROWS, out + row * ldy, ldy, x, row, panel, c % PANEL_COLUMNS, left);
    for (; row < rows; row++) tile8(1, out + row * ldy, ldy, x, row, panel, c % PANEL_COLUMNS, left);
  }
}

// The products of one group of 4-bit weights with several rows: each weight is taken apart once.
INLINE void group_dots(int rows, __m256i *sums, const uint8_t *block, int v, const quantized_rows *x, int64_t row,
                       int64_t group) {
  const __m256i nibble = _mm256_set1_epi8(15);
  for (int r = 0; r < rows; r++) sums[r] = _mm256_setzero_si256();
  for (int pair = 0; pair < INT4_GROUP / 8; pair++) {
    __m256i both = _mm256_loadu_si256((const __m256i *)(block + pair * 4 * PANEL_COLUMNS + 32 * v));
    __m256i low = _mm256_and_si256(both, nibble), high = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
    __m256i low_even = even_bytes(low), low_odd = odd_bytes(low);
    __m256i high_even = even_bytes(high), high_odd = odd_bytes(high);
    for (int r = 0; r < rows; r++) {
      const int8_t *values = x->values + (row + r) * x->stride + group * INT4_GROUP + 8 * pair;
      __m256i a = four(values), b = four(values + 4);
      sums[r] = dot_lanes(sums[r], low_even, low_odd, signed_even(a), signed_odd(a));
      sums[r] = dot_lanes(sums[r], high_even, high_odd, signed_even(b), signed_odd(b));
    }
  }
}

// Eight columns of several rows.
INLINE void tile4(int rows, float *y, int64_t ldy, const quantized_rows *x, int64_t row, const uint8_t *block, int v,
                  int64_t columns) {
  int64_t groups = x->stride / INT4_GROUP;
  __m256 totals[ROWS];
  for (int r = 0; r < rows; r++) totals[r] = _mm256_setzero_ps();
  for (int64_t g = 0; g < groups; g++, block += INT4_BLOCK_BYTES) {
    const uint8_t *constants = block + PANEL_COLUMNS * INT4_GROUP / 2 + 16 * v;
    __m256 scales = halves(constants), minima = halves(constants + 2 * PANEL_COLUMNS);
    __m256i sums[ROWS];
    group_dots(rows, sums, block, v, x, row, g);
    for (int r = 0; r < rows; r++) {
      __m256 ones = _mm256_set1_ps((float)x->sums[(row + r) * groups + g]);
      __m256 part = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[r]), scales);
      part = _mm256_fmadd_ps(ones, minima, part);
      __m256 own = _mm256_set1_ps(group_scale(x, row + r, g * INT4_GROUP / INT8_GROUP));
      totals[r] = _mm256_fmadd_ps(part, own, totals[r]);
    }
  }
  for (int r = 0; r < rows; r++) store(y + r * ldy, totals[r], columns);
}

static void matvec4(float *y, int64_t ldy, const quantized_rows *x, int64_t rows, const uint8_t *panels,
                    int64_t first_column, int64_t columns) {
  int64_t groups = x->stride / INT4_GROUP;
  for (int64_t c = first_column; c < first_column + columns; c += 8) {
    const uint8_t *block = panels + c / PANEL_COLUMNS * groups * INT4_BLOCK_BYTES;
    float *out = y + c - first_column;
    int v = (int)(c % PANEL_COLUMNS / 8);
    int64_t row = 0, left = first_column + columns - c;
    for (; row + ROWS <= rows; row += ROWS) tile4(ROWS, out + row * ldy, ldy, x, row, block, v, left);
    for (; row < rows; row++) tile4(1, out + row * ldy, ldy, x, row, block, v, left);
  }
}
#pragma clang attribute pop

const integer_kernel_table integer_kernel_table_avx2 = {
    .name = "avx2",
    .matmul8 = matmul8,
    .matvec8 = matvec8,
    .matvec4 = matvec4,
    .expand4 = expand4,
    .quantize_rows8 = quantize_rows8,
    .quantize_group8 = quantize_group8,
    .quantize_rows16 = quantize_rows16,
    .pack_run16 = pack_run16,
};
#endif
