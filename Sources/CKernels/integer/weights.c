// Weights into the integer kernels' panels, and rows of them back.
#include <math.h>
#include <string.h>

#include "integer.h"

static float largest(const float *x, int64_t n) {
  float best = 0;
  for (int64_t i = 0; i < n; i++) best = fabsf(x[i]) > best ? fabsf(x[i]) : best;
  return best;
}

static void pack_group8(uint8_t *block, const float *weights, int64_t column, int64_t count) {
  uint16_t bits = bfloat_above(largest(weights, count) / 127);
  memcpy(block + PANEL_COLUMNS * INT8_GROUP + 2 * column, &bits, sizeof bits);
  float scale = int8_scale(block, column);
  for (int64_t i = 0; i < count; i++) {
    int32_t value = scale > 0 ? clamped(weights[i] / scale, 127) : 0;
    block[(i / 4 * PANEL_COLUMNS + column) * 4 + i % 4] = (uint8_t)(128 + value);
  }
}

void pack_panel8(uint8_t *panel, const float *weights, int64_t columns, int64_t inputs) {
  for (int64_t i = 0; i < inputs; i += INT8_GROUP, panel += INT8_BLOCK_BYTES) {
    memset(panel, 128, PANEL_COLUMNS * INT8_GROUP);
    memset(panel + PANEL_COLUMNS * INT8_GROUP, 0, 2 * PANEL_COLUMNS);
    int64_t count = inputs - i < INT8_GROUP ? inputs - i : INT8_GROUP;
    for (int64_t c = 0; c < columns; c++) pack_group8(panel, weights + c * inputs + i, c, count);
  }
}

static uint16_t half_bits(float value) {
  _Float16 half = (_Float16)value;
  uint16_t bits;
  memcpy(&bits, &half, sizeof bits);
  return bits;
}

static uint8_t *group_constants(uint8_t *block, int64_t column) {
  return block + PANEL_COLUMNS * INT4_GROUP / 2 + 2 * column;
}

// The grid from the group's least to its greatest weight: weights that lie on such a
// grid already stay what they are.
static void pack_group4(uint8_t *block, const float *weights, int64_t column, int64_t count) {
  float low = weights[0], high = weights[0];
  for (int64_t i = 0; i < count; i++) {
    low = weights[i] < low ? weights[i] : low;
    high = weights[i] > high ? weights[i] : high;
  }
  uint16_t scale_bits = half_bits((high - low) / 15), low_bits = half_bits(low);
  memcpy(group_constants(block, column), &scale_bits, 2);
  memcpy(group_constants(block, PANEL_COLUMNS + column), &low_bits, 2);
  float scale = half_value((const uint8_t *)&scale_bits), minimum = half_value((const uint8_t *)&low_bits);
  for (int64_t i = 0; i < INT4_GROUP; i++) {
    float value = i < count ? weights[i] : 0;
    float steps = scale > 0 ? (value - minimum) / scale : 0;
    uint8_t nibble = (uint8_t)(steps < 0 ? 0 : steps > 15 ? 15 : __builtin_rintf(steps));
    uint8_t *byte = block + (i / 8 * PANEL_COLUMNS + column) * 4 + i % 4;
    *byte |= i % 8 < 4 ? nibble : (uint8_t)(nibble << 4);
  }
}

void pack_panel4(uint8_t *panel, const float *weights, int64_t columns, int64_t inputs) {
  int64_t groups = (inputs + INT8_GROUP - 1) / INT8_GROUP * (INT8_GROUP / INT4_GROUP);
  memset(panel, 0, (size_t)(groups * INT4_BLOCK_BYTES));
  for (int64_t c = 0; c < columns; c++)
    for (int64_t i = 0; i < inputs; i += INT4_GROUP) {
      int64_t count = inputs - i < INT4_GROUP ? inputs - i : INT4_GROUP;
      pack_group4(panel + i / INT4_GROUP * INT4_BLOCK_BYTES, weights + c * inputs + i, c, count);
    }
}

void unpack_row8(float *row, const uint8_t *panel, int64_t column, int64_t inputs) {
  for (int64_t i = 0; i < inputs; i++) {
    const uint8_t *block = panel + i / INT8_GROUP * INT8_BLOCK_BYTES;
    row[i] = int8_scale(block, column) * (float)int8_weight(block, column, i % INT8_GROUP);
  }
}

void unpack_row4(float *row, const uint8_t *panel, int64_t column, int64_t inputs) {
  for (int64_t i = 0; i < inputs; i++) row[i] = int4_weight(panel, column, i);
}
