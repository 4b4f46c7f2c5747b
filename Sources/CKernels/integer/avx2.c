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

// A tile of few rows has many columns, so that the weights are streamed in their order.
enum { COLUMNS = 16, VECTORS = COLUMNS / 8, ROWS = 4, MOST_VECTORS = PANEL_COLUMNS / 8 };

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

INLINE void tile8(int rows, int vectors, float *y, int64_t ldy, const quantized_rows *x, int64_t row,
                  const uint8_t *block, int64_t column, int64_t columns) {
  __m256 totals[ROWS][MOST_VECTORS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) totals[r][v] = _mm256_setzero_ps();
  for (int64_t g = 0; g < x->stride / INT8_GROUP; g++, block += INT8_BLOCK_BYTES) {
    __m256i sums[ROWS][MOST_VECTORS];
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < vectors; v++) sums[r][v] = _mm256_set1_epi32(-128 * group_sum(x, row + r, g));
    for (int64_t k = 0; k < INT8_GROUP / 4; k++) {
      __m256i a[ROWS], b[ROWS];
      for (int r = 0; r < rows; r++) {
        __m256i both = four(x->values + (row + r) * x->stride + g * INT8_GROUP + 4 * k);
        a[r] = signed_even(both);
        b[r] = signed_odd(both);
      }
      for (int v = 0; v < vectors; v++) {
        __m256i w = _mm256_loadu_si256((const __m256i *)(block + (k * PANEL_COLUMNS + column) * 4 + 32 * v));
        __m256i even = even_bytes(w), odd = odd_bytes(w);
        for (int r = 0; r < rows; r++) sums[r][v] = dot_lanes(sums[r][v], even, odd, a[r], b[r]);
      }
    }
    for (int v = 0; v < vectors; v++) {
      __m256 scale = bfloats(block + PANEL_COLUMNS * INT8_GROUP + 2 * (column + 8 * v));
      for (int r = 0; r < rows; r++) {
        __m256 both = _mm256_mul_ps(scale, _mm256_set1_ps(group_scale(x, row + r, g)));
        totals[r][v] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[r][v]), both, totals[r][v]);
      }
    }
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) store(y + r * ldy + 8 * v, totals[r][v], columns - 8 * v);
}

static void matmul8(float *y, int64_t ldy, const quantized_rows *x, int64_t first_row,
                    int64_t rows, const uint8_t *panels, int64_t columns) {
  int64_t bytes = x->stride / INT8_GROUP * INT8_BLOCK_BYTES;
  for (int64_t c = 0; c < columns; c += COLUMNS) {
    const uint8_t *panel = panels + c / PANEL_COLUMNS * bytes;
    int64_t row = 0;
    for (; row + ROWS <= rows; row += ROWS)
      tile8(ROWS, VECTORS, y + row * ldy + c, ldy, x, first_row + row, panel, c % PANEL_COLUMNS, columns - c);
    for (; row < rows; row++)
      tile8(1, VECTORS, y + row * ldy + c, ldy, x, first_row + row, panel, c % PANEL_COLUMNS, columns - c);
  }
}

INLINE __m256 halves(const uint8_t *bits) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)bits)); }

static void matvec8(float *y, int64_t ldy, const quantized_rows *x, int64_t rows, const uint8_t *panels,
                    int64_t first_column, int64_t columns) {
  int64_t bytes = x->stride / INT8_GROUP * INT8_BLOCK_BYTES, end = first_column + columns;
  for (int64_t c = first_column, width; c < end; c += width) {
    const uint8_t *panel = panels + c / PANEL_COLUMNS * bytes;
    float *out = y + c - first_column;
    int64_t column = c % PANEL_COLUMNS, left = end - c, row = 0;
    width = rows < ROWS && !column && left >= PANEL_COLUMNS ? PANEL_COLUMNS : COLUMNS;
    for (; row + ROWS <= rows; row += ROWS) tile8(ROWS, VECTORS, out + row * ldy, ldy, x, row, panel, column, left);
    for (; row < rows; row++) {
      if (width == PANEL_COLUMNS) tile8(1, MOST_VECTORS, out + row * ldy, ldy, x, row, panel, column, left);
      else tile8(1, VECTORS, out + row * ldy, ldy, x, row, panel, column, left);
    }
  }
}

// Vectors of columns times rows of one group of 4-bit weights: each weight is taken apart once.
INLINE void group_dots(int rows, int vectors, __m256i sums[ROWS][MOST_VECTORS], const uint8_t *block, int vector,
                       const quantized_rows *x, int64_t row, int64_t group) {
  const __m256i nibble = _mm256_set1_epi8(15);
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) sums[r][v] = _mm256_setzero_si256();
  for (int pair = 0; pair < INT4_GROUP / 8; pair++) {
    __m256i a[ROWS][4];
    for (int r = 0; r < rows; r++) {
      const int8_t *values = x->values + (row + r) * x->stride + group * INT4_GROUP + 8 * pair;
      __m256i first = four(values), second = four(values + 4);
      a[r][0] = signed_even(first), a[r][1] = signed_odd(first);
      a[r][2] = signed_even(second), a[r][3] = signed_odd(second);
    }
    for (int v = 0; v < vectors; v++) {
      __m256i both = _mm256_loadu_si256((const __m256i *)(block + pair * 4 * PANEL_COLUMNS + 32 * (vector + v)));
      __m256i low = _mm256_and_si256(both, nibble), high = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
      __m256i low_even = even_bytes(low), low_odd = odd_bytes(low);
      __m256i high_even = even_bytes(high), high_odd = odd_bytes(high);
      for (int r = 0; r < rows; r++) {
        sums[r][v] = dot_lanes(sums[r][v], low_even, low_odd, a[r][0], a[r][1]);
        sums[r][v] = dot_lanes(sums[r][v], high_even, high_odd, a[r][2], a[r][3]);
      }
    }
  }
}

INLINE void tile4(int rows, int vectors, float *y, int64_t ldy, const quantized_rows *x, int64_t row,
                  const uint8_t *block, int vector, int64_t columns) {
  int64_t groups = x->stride / INT4_GROUP;
  __m256 totals[ROWS][MOST_VECTORS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) totals[r][v] = _mm256_setzero_ps();
  for (int64_t g = 0; g < groups; g++, block += INT4_BLOCK_BYTES) {
    const uint8_t *constants = block + PANEL_COLUMNS * INT4_GROUP / 2 + 16 * vector;
    __m256i sums[ROWS][MOST_VECTORS];
    group_dots(rows, vectors, sums, block, vector, x, row, g);
    for (int r = 0; r < rows; r++) {
      __m256 ones = _mm256_set1_ps((float)x->sums[(row + r) * groups + g]);
      __m256 own = _mm256_set1_ps(group_scale(x, row + r, g * INT4_GROUP / INT8_GROUP));
      for (int v = 0; v < vectors; v++) {
        __m256 part = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[r][v]), halves(constants + 16 * v));
        part = _mm256_fmadd_ps(ones, halves(constants + 2 * PANEL_COLUMNS + 16 * v), part);
        totals[r][v] = _mm256_fmadd_ps(part, own, totals[r][v]);
      }
    }
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) store(y + r * ldy + 8 * v, totals[r][v], columns - 8 * v);
}

static void matvec4(float *y, int64_t ldy, const quantized_rows *x, int64_t rows, const uint8_t *panels,
                    int64_t first_column, int64_t columns) {
  int64_t bytes = x->stride / INT4_GROUP * INT4_BLOCK_BYTES, end = first_column + columns;
  for (int64_t c = first_column, width; c < end; c += width) {
    const uint8_t *panel = panels + c / PANEL_COLUMNS * bytes;
    float *out = y + c - first_column;
    int vector = (int)(c % PANEL_COLUMNS / 8);
    int64_t left = end - c, row = 0;
    width = rows < ROWS && !vector && left >= PANEL_COLUMNS ? PANEL_COLUMNS : 8;
    for (; row + ROWS <= rows; row += ROWS) tile4(ROWS, 1, out + row * ldy, ldy, x, row, panel, vector, left);
    for (; row < rows; row++) {
      if (width == PANEL_COLUMNS) tile4(1, MOST_VECTORS, out + row * ldy, ldy, x, row, panel, vector, left);
      else tile4(1, 1, out + row * ldy, ldy, x, row, panel, vector, left);
    }
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
