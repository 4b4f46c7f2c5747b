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

enum { VECTORS = PANEL_COLUMNS / 16 };

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

INLINE __m512 bfloats(const uint8_t *bits) {
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)bits));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

// The instruction multiplies unsigned by signed bytes: weights are stored with 128
// added, so sums begin at minus 128 times the activations' sum.
INLINE void tile8(int rows, float *y, int64_t ldy, const quantized_rows *x, int64_t row,
                  const uint8_t *block, int64_t columns) {
  // Beside the integer sums there are no registers left for these; the empty statement
  // keeps the compiler from finding some by spilling.
  float memory[ATTEND_QUERIES][PANEL_COLUMNS] __attribute__((aligned(64)));
  float(*totals)[PANEL_COLUMNS] = memory;
  __asm__("" : "+r"(totals) : : "memory");
  const int8_t *values = x->values + row * x->stride;
  int64_t groups = x->stride / INT8_GROUP;
  for (int64_t g = 0; g < groups; g++, block += INT8_BLOCK_BYTES, values += INT8_GROUP) {
    __m512i sums[ATTEND_QUERIES][VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++) {
      __m512i start = _mm512_set1_epi32(-128 * group_sum(x, row + r, g));
      UNROLL
      for (int v = 0; v < VECTORS; v++) sums[r][v] = start;
    }
    for (int64_t k = 0; k < INT8_GROUP / 4; k++) {
      __m512i weights[VECTORS];
      UNROLL
      for (int v = 0; v < VECTORS; v++) weights[v] = _mm512_loadu_si512(block + (k * VECTORS + v) * 64);
      UNROLL
      for (int r = 0; r < rows; r++) {
        __m512i activation = _mm512_set1_epi32(four(values + r * x->stride + 4 * k));
        UNROLL
        for (int v = 0; v < VECTORS; v++)
          sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], weights[v], activation);
      }
    }
    UNROLL
    for (int v = 0; v < VECTORS; v++) {
      __m512 scale = bfloats(block + PANEL_COLUMNS * INT8_GROUP + 32 * v);
      UNROLL
      for (int r = 0; r < rows; r++) {
        __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(group_scale(x, row + r, g)));
        __m512 before = g ? _mm512_load_ps(totals[r] + 16 * v) : _mm512_setzero_ps();
        _mm512_store_ps(totals[r] + 16 * v, _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][v]), both, before));
      }
    }
  }
  UNROLL
  for (int v = 0; v < VECTORS; v++)
    UNROLL
    for (int r = 0; r < rows; r++)
      _mm512_mask_storeu_ps(y + r * ldy + 16 * v, columns_mask(columns, v), _mm512_load_ps(totals[r] + 16 * v));
}

static void matmul8(float *y, int64_t ldy, const quantized_rows *x, int64_t first_row,
                    int64_t rows, const uint8_t *panels, int64_t columns) {
  int64_t bytes = x->stride / INT8_GROUP * INT8_BLOCK_BYTES;
  for (int64_t c = 0; c < columns; c += PANEL_COLUMNS) {
    const uint8_t *panel = panels + c / PANEL_COLUMNS * bytes;
    int64_t row = 0;
#define TILE(n) tile8(n, y + row * ldy + c, ldy, x, first_row + row, panel, columns - c)
    for (; row + 6 <= rows; row += 6) TILE(6);
    switch (rows - row) {
      case 5: TILE(5); break;
      case 4: TILE(4); break;
      case 3: TILE(3); break;
      case 2: TILE(2); break;
      case 1: TILE(1); break;
    }
#undef TILE
  }
}

// Two vectors of columns of a panel for few rows: the weights come from memory, and
// everything else stays in registers.
INLINE void unit8(int rows, float *y, int64_t ldy, const quantized_rows *x, const uint8_t *block, int vector,
                  int64_t columns) {
  __m512 totals[4][2];
  int64_t groups = x->stride / INT8_GROUP;
  UNROLL
  for (int r = 0; r < rows; r++) totals[r][0] = totals[r][1] = _mm512_setzero_ps();
  for (int64_t g = 0; g < groups; g++, block += INT8_BLOCK_BYTES) {
    __m512i sums[4][2];
    UNROLL
    for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = _mm512_set1_epi32(-128 * group_sum(x, r, g));
    UNROLL
    for (int k = 0; k < INT8_GROUP / 4; k++) {
      __m512i first = _mm512_loadu_si512(block + (k * VECTORS + vector) * 64);
      __m512i second = _mm512_loadu_si512(block + (k * VECTORS + vector + 1) * 64);
      UNROLL
      for (int r = 0; r < rows; r++) {
        __m512i activation = _mm512_set1_epi32(four(x->values + r * x->stride + g * INT8_GROUP + 4 * k));
        sums[r][0] = _mm512_dpbusd_epi32(sums[r][0], first, activation);
        sums[r][1] = _mm512_dpbusd_epi32(sums[r][1], second, activation);
      }
    }
    UNROLL
    for (int v = 0; v < 2; v++) {
      __m512 scale = bfloats(block + PANEL_COLUMNS * INT8_GROUP + 32 * (vector + v));
      UNROLL
      for (int r = 0; r < rows; r++) {
        __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(group_scale(x, r, g)));
        totals[r][v] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][v]), both, totals[r][v]);
      }
    }
  }
  UNROLL
  for (int r = 0; r < rows; r++) {
    _mm512_mask_storeu_ps(y + r * ldy, columns_mask(columns, 0), totals[r][0]);
    _mm512_mask_storeu_ps(y + r * ldy + 16, columns_mask(columns, 1), totals[r][1]);
  }
}

static void matvec8(float *y, int64_t ldy, const quantized_rows *x, int64_t rows, const uint8_t *panels,
                    int64_t first_column, int64_t columns) {
  int64_t bytes = x->stride / INT8_GROUP * INT8_BLOCK_BYTES;
  for (int64_t done = 0; done < columns; done += COLUMN_UNIT) {
    int64_t c = first_column + done;
    const uint8_t *panel = panels + c / PANEL_COLUMNS * bytes;
    int vector = (int)(c % PANEL_COLUMNS / 16);
    switch (rows) {
      case 1: unit8(1, y + done, ldy, x, panel, vector, columns - done); break;
      case 2: unit8(2, y + done, ldy, x, panel, vector, columns - done); break;
      case 3: unit8(3, y + done, ldy, x, panel, vector, columns - done); break;
      case 4: unit8(4, y + done, ldy, x, panel, vector, columns - done); break;
    }
  }
}

INLINE __m512 halves(const uint8_t *bits) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)bits));
}

INLINE void unit4(int rows, float *y, int64_t ldy, const quantized_rows *x, const uint8_t *block, int vector,
                  int64_t columns) {
  const __m512i nibble = _mm512_set1_epi8(15);
  int64_t groups = x->stride / INT4_GROUP;
  __m512 totals[4][2];
  UNROLL
  for (int r = 0; r < rows; r++) totals[r][0] = totals[r][1] = _mm512_setzero_ps();
  for (int64_t g = 0; g < groups; g++, block += INT4_BLOCK_BYTES) {
    UNROLL
    for (int v = 0; v < 2; v++) {
      __m512i sums[4];
      UNROLL
      for (int r = 0; r < rows; r++) sums[r] = _mm512_setzero_si512();
      UNROLL
      for (int pair = 0; pair < INT4_GROUP / 8; pair++) {
        __m512i both = _mm512_loadu_si512(block + (pair * VECTORS + vector + v) * 64);
        __m512i low = _mm512_and_si512(both, nibble);
        __m512i high = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
        UNROLL
        for (int r = 0; r < rows; r++) {
          const int8_t *a = x->values + r * x->stride + g * INT4_GROUP + 8 * pair;
          sums[r] = _mm512_dpbusd_epi32(sums[r], low, _mm512_set1_epi32(four(a)));
          sums[r] = _mm512_dpbusd_epi32(sums[r], high, _mm512_set1_epi32(four(a + 4)));
        }
      }
      const uint8_t *constants = block + PANEL_COLUMNS * INT4_GROUP / 2 + 32 * (vector + v);
      __m512 scale = halves(constants), minimum = halves(constants + 2 * PANEL_COLUMNS);
      UNROLL
      for (int r = 0; r < rows; r++) {
        __m512 ones = _mm512_set1_ps((float)x->sums[r * groups + g]);
        __m512 part = _mm512_fmadd_ps(ones, minimum, _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r]), scale));
        __m512 activation = _mm512_set1_ps(group_scale(x, r, g * INT4_GROUP / INT8_GROUP));
        totals[r][v] = _mm512_fmadd_ps(part, activation, totals[r][v]);
      }
    }
  }
  UNROLL
  for (int r = 0; r < rows; r++) {
    _mm512_mask_storeu_ps(y + r * ldy, columns_mask(columns, 0), totals[r][0]);
    _mm512_mask_storeu_ps(y + r * ldy + 16, columns_mask(columns, 1), totals[r][1]);
  }
}

static void matvec4(float *y, int64_t ldy, const quantized_rows *x, int64_t rows, const uint8_t *panels,
                    int64_t first_column, int64_t columns) {
  int64_t bytes = x->stride / INT4_GROUP * INT4_BLOCK_BYTES;
  for (int64_t done = 0; done < columns; done += COLUMN_UNIT) {
    int64_t c = first_column + done;
    const uint8_t *panel = panels + c / PANEL_COLUMNS * bytes;
    int vector = (int)(c % PANEL_COLUMNS / 16);
    switch (rows) {
      case 1: unit4(1, y + done, ldy, x, panel, vector, columns - done); break;
      case 2: unit4(2, y + done, ldy, x, panel, vector, columns - done); break;
      case 3: unit4(3, y + done, ldy, x, panel, vector, columns - done); break;
      case 4: unit4(4, y + done, ldy, x, panel, vector, columns - done); break;
    }
  }
}

INLINE __m512i requantize(__m512i nibbles, __m512 scale, __m512 minimum) {
  __m512i rounded = _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(nibbles), scale, minimum));
  return _mm512_min_epi32(_mm512_max_epi32(rounded, _mm512_set1_epi32(1)), _mm512_set1_epi32(255));
}

typedef struct {
  __m512 scale, minimum;
} constants4;

INLINE constants4 read_constants(const uint8_t *block, int v) {
  const uint8_t *constants = block + PANEL_COLUMNS * INT4_GROUP / 2;
  return (constants4){halves(constants + 32 * v), halves(constants + 2 * PANEL_COLUMNS + 32 * v)};
}

INLINE __m512 reach(constants4 c) {
  __m512 high = _mm512_fmadd_ps(c.scale, _mm512_set1_ps(15), c.minimum);
  return _mm512_max_ps(_mm512_abs_ps(c.minimum), _mm512_abs_ps(high));
}

INLINE void expand_block(uint8_t *block8, const uint8_t *block4, int v, constants4 c, __m512 inverse) {
  __m512 scale = _mm512_mul_ps(c.scale, inverse);
  __m512 minimum = _mm512_fmadd_ps(c.minimum, inverse, _mm512_set1_ps(128));
  for (int k = 0; k < INT4_GROUP / 4; k++) {
    __m512i both = _mm512_loadu_si512(block4 + (k / 2 * VECTORS + v) * 64);
    if (k % 2) both = _mm512_srli_epi32(both, 4);
    __m512i bytes = _mm512_setzero_si512();
    for (int byte = 0; byte < 4; byte++) {
      __m512i q = _mm512_and_si512(_mm512_srli_epi32(both, 8 * byte), _mm512_set1_epi32(15));
      bytes = _mm512_or_si512(bytes, _mm512_slli_epi32(requantize(q, scale, minimum), 8 * byte));
    }
    _mm512_storeu_si512(block8 + (k * VECTORS + v) * 64, bytes);
  }
}

static void expand4(uint8_t *panel8, const uint8_t *panel4, int64_t inputs) {
  for (int64_t i = 0; i < inputs; i += INT8_GROUP, panel8 += INT8_BLOCK_BYTES, panel4 += 2 * INT4_BLOCK_BYTES) {
    UNROLL
    for (int v = 0; v < VECTORS; v++) {
      constants4 first = read_constants(panel4, v), second = read_constants(panel4 + INT4_BLOCK_BYTES, v);
      __m512 scale = _mm512_mul_ps(_mm512_max_ps(reach(first), reach(second)), _mm512_set1_ps(1.0f / 127));
      // Rounded up to bfloat16, which is what the block stores.
      __m512i bits = _mm512_srli_epi32(_mm512_add_epi32(_mm512_castps_si512(scale), _mm512_set1_epi32(0xffff)), 16);
      _mm256_storeu_si256((__m256i *)(panel8 + PANEL_COLUMNS * INT8_GROUP + 32 * v), _mm512_cvtepi32_epi16(bits));
      scale = _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
      __mmask16 some = _mm512_cmp_ps_mask(scale, _mm512_setzero_ps(), _CMP_GT_OQ);
      __m512 inverse = _mm512_maskz_div_ps(some, _mm512_set1_ps(1), scale);
      expand_block(panel8, panel4, v, first, inverse);
      expand_block(panel8 + PANEL_COLUMNS * INT4_GROUP, panel4 + INT4_BLOCK_BYTES, v, second, inverse);
    }
  }
}

// --- Attention ----------------------------------------------------------------------

// Written out because clang replaces the intrinsic by two instructions, which is slower
// for sums that do not wait for each other.
INLINE __m512i multiply_add_pairs(__m512i sum, __m512i a, __m512i b) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}

// Adding this rounds a float below 2^22 to an integer, which then stands in its low bits.
static const float ROUNDING = 12582912;  // 1.5 * 2^23

// 2^x for -126 <= x <= 14: 2^n times a polynomial of 2^f, |f| <= 1/2 (relative error
// 3e-6, less than the 14 bits that probabilities keep).
INLINE __m512 exp2_vector(__m512 x) {
  __m512 shifted = _mm512_add_ps(x, _mm512_set1_ps(ROUNDING));
  __m512 f = _mm512_sub_ps(x, _mm512_sub_ps(shifted, _mm512_set1_ps(ROUNDING)));
  __m512 p = _mm512_set1_ps(9.5700864e-3f);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5917859e-2f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4024746e-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9312179e-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.9999928e-1f));
  __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), exponent));
}

enum { STEP_VECTORS = ATTEND_KEYS / 16 };

// The part of a step that some query row sees: vectors of 16 keys, in whole pairs.
typedef struct {
  int from, to;
} vector_range;

INLINE void score(int rows, float (*scores)[ATTEND_KEYS], const query_tile16 *tile, int64_t query,
                  const packed_run16 *run, int64_t key, int64_t dim) {
  __m512i sums[ATTEND_QUERIES][4];
  UNROLL
  for (int r = 0; r < rows; r++)
    UNROLL
    for (int v = 0; v < 4; v++) sums[r][v] = _mm512_setzero_si512();
  const int16_t *queries = tile->queries + query * dim, *keys = run->keys + key * dim;
  for (int64_t pair = 0; pair < dim / 2; pair++) {
    __m512i k[4];
    UNROLL
    for (int v = 0; v < 4; v++) k[v] = _mm512_loadu_si512(keys + v * 16 * dim + pair * 32);
    UNROLL
    for (int r = 0; r < rows; r++) {
      int32_t lane;
      memcpy(&lane, queries + r * dim + 2 * pair, sizeof lane);
      __m512i q = _mm512_set1_epi32(lane);
      UNROLL
      for (int v = 0; v < 4; v++) sums[r][v] = multiply_add_pairs(sums[r][v], k[v], q);
    }
  }
  UNROLL
  for (int v = 0; v < 4; v++) {
    __m512 scale = _mm512_loadu_ps(run->key_scales + key + 16 * v);
    UNROLL
    for (int r = 0; r < rows; r++)
      _mm512_storeu_ps(scores[r] + key % ATTEND_KEYS + 16 * v, _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r][v]), scale));
  }
}

// Keys stand in pairs of vectors: the even ones of 32, then the odd ones.
INLINE void hide(float *scores, int64_t from, int64_t to, vector_range range) {
  const __m512i lanes = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  __m512i low = _mm512_set1_epi32((int32_t)from), high = _mm512_set1_epi32((int32_t)to);
  for (int v = range.from; v < range.to; v++) {
    __m512i index = _mm512_add_epi32(lanes, _mm512_set1_epi32(v / 2 * 32 + v % 2));
    __mmask16 seen = _mm512_cmpge_epi32_mask(index, low) & _mm512_cmplt_epi32_mask(index, high);
    __m512 value = _mm512_loadu_ps(scores + 16 * v);
    _mm512_storeu_ps(scores + 16 * v, _mm512_mask_blend_ps(seen, _mm512_set1_ps(-INFINITY), value));
  }
}

// Earlier sums and outputs of a row, brought to a new maximum.
INLINE void rescale_row(query_tile16 *tile, int64_t query, float maximum, int64_t dim) {
  float previous = tile->maximum[query];
  float factor = previous == -INFINITY ? 0 : exp2f(previous - maximum);
  float *output = tile->output + query * dim;
  tile->maximum[query] = maximum;
  tile->sum[query] *= factor;
  for (int64_t d = 0; d < dim; d += 16)
    _mm512_storeu_ps(output + d, _mm512_mul_ps(_mm512_loadu_ps(output + d), _mm512_set1_ps(factor)));
}

INLINE float row_maximum(const float *scores, vector_range range) {
  __m512 even = _mm512_set1_ps(-INFINITY), odd = even;
  for (int v = range.from; v < range.to; v += 2) {
    even = _mm512_max_ps(even, _mm512_loadu_ps(scores + 16 * v));
    odd = _mm512_max_ps(odd, _mm512_loadu_ps(scores + 16 * v + 16));
  }
  return _mm512_reduce_max_ps(_mm512_max_ps(even, odd));
}

// The probability times PROBABILITY_LIMIT; its integer stands in the low 16 bits of `bits`.
INLINE __m512 probability(const float *scores, __m512 scale, __m512 reference, __m512i *bits) {
  __m512 x = _mm512_fmsub_ps(_mm512_loadu_ps(scores), scale, reference);
  __m512 p = exp2_vector(_mm512_max_ps(x, _mm512_set1_ps(-126)));
  *bits = _mm512_castps_si512(_mm512_add_ps(p, _mm512_set1_ps(ROUNDING)));
  return p;
}

// Probabilities of one row as pairs of keys. The tile's sum has PROBABILITY_LIMIT in it, and
// so has its output.
INLINE void softmax_row(int32_t *pairs, const float *scores, query_tile16 *tile, int64_t query, int64_t dim,
                        vector_range range) {
  float maximum = row_maximum(scores, range) * tile->scales[query];
  if (maximum > tile->maximum[query]) rescale_row(tile, query, maximum, dim);
  float base = tile->maximum[query] == -INFINITY ? 0 : tile->maximum[query];
  __m512 total = _mm512_setzero_ps(), scale = _mm512_set1_ps(tile->scales[query]);
  __m512 reference = _mm512_set1_ps(base - PROBABILITY_LOG2);
  for (int v = range.from; v < range.to; v += 2) {
    __m512i even, odd;
    total = _mm512_add_ps(total, probability(scores + 16 * v, scale, reference, &even));
    total = _mm512_add_ps(total, probability(scores + 16 * v + 16, scale, reference, &odd));
    __m512i low = _mm512_and_si512(even, _mm512_set1_epi32(0xffff));
    _mm512_storeu_si512(pairs + 8 * v, _mm512_or_si512(low, _mm512_slli_epi32(odd, 16)));
  }
  tile->sum[query] += _mm512_reduce_add_ps(total);
}

INLINE void weigh_values(int rows, int vectors, query_tile16 *tile, int64_t query, int32_t (*weights)[ATTEND_KEYS / 2],
                         const packed_run16 *run, int64_t step, int64_t dim, int64_t from, vector_range range) {
  __m512i sums[ATTEND_QUERIES][4];
  UNROLL
  for (int r = 0; r < rows; r++)
    UNROLL
    for (int v = 0; v < vectors; v++) sums[r][v] = _mm512_setzero_si512();
  const int16_t *values = run->values + step * ATTEND_KEYS * dim + 2 * from;
  for (int pair = 8 * range.from; pair < 8 * range.to; pair++) {
    __m512i value[4];
    UNROLL
    for (int v = 0; v < vectors; v++) value[v] = _mm512_loadu_si512(values + pair * 2 * dim + 32 * v);
    UNROLL
    for (int r = 0; r < rows; r++) {
      __m512i p = _mm512_set1_epi32(weights[r][pair]);
      UNROLL
      for (int v = 0; v < vectors; v++) sums[r][v] = multiply_add_pairs(sums[r][v], value[v], p);
    }
  }
  __m512 scale = _mm512_set1_ps(run->value_scales[step]);
  UNROLL
  for (int r = 0; r < rows; r++)
    UNROLL
    for (int v = 0; v < vectors; v++) {
      float *output = tile->output + (query + r) * dim + from + 16 * v;
      _mm512_storeu_ps(output, _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][v]), scale, _mm512_loadu_ps(output)));
    }
}

INLINE void attend_rows(int rows, query_tile16 *tile, int64_t query, const packed_run16 *run, int64_t step,
                        int64_t dim, vector_range range) {
  float scores[ATTEND_QUERIES][ATTEND_KEYS];
  int32_t weights[ATTEND_QUERIES][ATTEND_KEYS / 2];
  int64_t key = step * ATTEND_KEYS;
  if (range.from < STEP_VECTORS / 2) score(rows, scores, tile, query, run, key, dim);
  if (range.to > STEP_VECTORS / 2) score(rows, scores, tile, query, run, key + ATTEND_KEYS / 2, dim);
  UNROLL
  for (int r = 0; r < rows; r++) {
    int64_t from = tile->first[query + r] - key, to = tile->last[query + r] - key;
    if (from > 16 * range.from || to < 16 * range.to) hide(scores[r], from, to, range);
    softmax_row(weights[r], scores[r], tile, query + r, dim, range);
  }
  int64_t from = 0;
  for (; from + 64 <= dim; from += 64) weigh_values(rows, 4, tile, query, weights, run, step, dim, from, range);
  for (; from < dim; from += 16) weigh_values(rows, 1, tile, query, weights, run, step, dim, from, range);
}

static vector_range visible(const query_tile16 *tile, int64_t query, int64_t rows, int64_t key) {
  int64_t from = ATTEND_KEYS, to = 0;
  for (int64_t r = query; r < query + rows; r++) {
    if (tile->last[r] <= tile->first[r]) continue;
    from = tile->first[r] - key < from ? tile->first[r] - key : from;
    to = tile->last[r] - key > to ? tile->last[r] - key : to;
  }
  from = from < 0 ? 0 : from;
  to = to > ATTEND_KEYS ? ATTEND_KEYS : to;
  return (vector_range){(int)(from / 32 * 2), (int)((to + 31) / 32 * 2)};
}

static void attend16(query_tile16 *tile, const packed_run16 *run, int64_t dim) {
  for (int64_t step = 0; step * ATTEND_KEYS < run->count; step++) {
    for (int64_t query = 0; query < tile->count; query += ATTEND_QUERIES) {
      int64_t rows = tile->count - query < ATTEND_QUERIES ? tile->count - query : ATTEND_QUERIES;
      vector_range range = visible(tile, query, rows, step * ATTEND_KEYS);
      if (range.from >= range.to) continue;
      switch (rows) {
        case 6: attend_rows(6, tile, query, run, step, dim, range); break;
        case 5: attend_rows(5, tile, query, run, step, dim, range); break;
        case 4: attend_rows(4, tile, query, run, step, dim, range); break;
        case 3: attend_rows(3, tile, query, run, step, dim, range); break;
        case 2: attend_rows(2, tile, query, run, step, dim, range); break;
        default: attend_rows(1, tile, query, run, step, dim, range); break;
      }
    }
  }
}

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
};
#endif
