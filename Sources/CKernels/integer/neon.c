// The integer kernels for arm64 with the dot-product extension (SDOT).
#if defined(__aarch64__)
#include <arm_neon.h>
#include <math.h>
#include <string.h>

#include "../include/CIntegerKernels.h"
#include "integer.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "activations.inc"
#include "expand4.inc"

#define INLINE static inline __attribute__((always_inline))

enum { COLUMNS = 16, VECTORS = COLUMNS / 4, ROWS = 4 };

INLINE int8x16_t four(const int8_t *values) {
  int32_t lane;
  memcpy(&lane, values, sizeof lane);
  return vreinterpretq_s8_s32(vdupq_n_s32(lane));
}

INLINE void store(float *y, float32x4_t value, int64_t columns) {
  float lanes[4];
  vst1q_f32(lanes, value);
  for (int64_t c = 0; c < 4 && c < columns; c++) y[c] = lanes[c];
}

INLINE float32x4_t bfloats(const uint8_t *bits) {
  uint16x4_t halves;
  memcpy(&halves, bits, sizeof halves);
  return vreinterpretq_f32_u32(vshll_n_u16(halves, 16));
}

// SDOT takes signed bytes: the stored offset of 128 is a flip of the top bit.
INLINE void tile8(int rows, float *y, int64_t ldy, const quantized_rows *x, int64_t row,
                  const uint8_t *block, int64_t column, int64_t columns) {
  const uint8x16_t top = vdupq_n_u8(128);
  float32x4_t totals[ROWS][VECTORS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < VECTORS; v++) totals[r][v] = vdupq_n_f32(0);
  for (int64_t g = 0; g < x->stride / INT8_GROUP; g++, block += INT8_BLOCK_BYTES) {
    int32x4_t sums[ROWS][VECTORS];
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < VECTORS; v++) sums[r][v] = vdupq_n_s32(0);
    for (int64_t k = 0; k < INT8_GROUP / 4; k++) {
      for (int v = 0; v < VECTORS; v++) {
        int8x16_t w = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(block + (k * PANEL_COLUMNS + column) * 4 + 16 * v), top));
        for (int r = 0; r < rows; r++)
          sums[r][v] = vdotq_s32(sums[r][v], w, four(x->values + (row + r) * x->stride + g * INT8_GROUP + 4 * k));
      }
    }
    for (int v = 0; v < VECTORS; v++) {
      float32x4_t scale = bfloats(block + PANEL_COLUMNS * INT8_GROUP + 2 * (column + 4 * v));
      for (int r = 0; r < rows; r++)
        totals[r][v] = vfmaq_f32(totals[r][v], vcvtq_f32_s32(sums[r][v]), vmulq_n_f32(scale, group_scale(x, row + r, g)));
    }
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < VECTORS; v++) store(y + r * ldy + 4 * v, totals[r][v], columns - 4 * v);
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

INLINE int32x4_t group_dot(const uint8_t *block, int v, const int8_t *values) {
  int32x4_t sum = vdupq_n_s32(0);
  for (int pair = 0; pair < INT4_GROUP / 8; pair++) {
    uint8x16_t both = vld1q_u8(block + pair * 4 * PANEL_COLUMNS + 16 * v);
    int8x16_t low = vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(15)));
    int8x16_t high = vreinterpretq_s8_u8(vshrq_n_u8(both, 4));
    sum = vdotq_s32(sum, low, four(values + 8 * pair));
    sum = vdotq_s32(sum, high, four(values + 8 * pair + 4));
  }
  return sum;
}

INLINE float32x4_t halves(const uint8_t *bits) {
  float16x4_t half;
  memcpy(&half, bits, sizeof half);
  return vcvt_f32_f16(half);
}

static void matvec8(float *y, int64_t ldy, const quantized_rows *x, int64_t rows, const uint8_t *panels,
                    int64_t first_column, int64_t columns) {
  int64_t bytes = x->stride / INT8_GROUP * INT8_BLOCK_BYTES;
  for (int64_t c = first_column; c < first_column + columns; c += COLUMNS)
    for (int64_t row = 0; row < rows; row++)
      tile8(1, y + row * ldy + c - first_column, ldy, x, row, panels + c / PANEL_COLUMNS * bytes, c % PANEL_COLUMNS,
            first_column + columns - c);
}

static void matvec4(float *y, int64_t ldy, const quantized_rows *x, int64_t rows, const uint8_t *panels,
                    int64_t first_column, int64_t columns) {
  int64_t groups = x->stride / INT4_GROUP;
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t c = first_column; c < first_column + columns; c += 4) {
      const uint8_t *block = panels + c / PANEL_COLUMNS * groups * INT4_BLOCK_BYTES;
      int v = (int)(c % PANEL_COLUMNS / 4);
      float32x4_t total = vdupq_n_f32(0);
      for (int64_t g = 0; g < groups; g++, block += INT4_BLOCK_BYTES) {
        const uint8_t *constants = block + PANEL_COLUMNS * INT4_GROUP / 2 + 8 * v;
        int32x4_t sum = group_dot(block, v, x->values + row * x->stride + g * INT4_GROUP);
        float32x4_t part = vmulq_f32(vcvtq_f32_s32(sum), halves(constants));
        part = vfmaq_n_f32(part, halves(constants + 2 * PANEL_COLUMNS), (float)x->sums[row * groups + g]);
        total = vfmaq_n_f32(total, part, group_scale(x, row, g * INT4_GROUP / INT8_GROUP));
      }
      store(y + row * ldy + c - first_column, total, first_column + columns - c);
    }
  }
}
#pragma clang attribute pop

const integer_kernel_table integer_kernel_table_neon = {
    .name = "neon",
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
