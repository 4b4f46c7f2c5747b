// What the integer kernels of all instruction sets share.
#ifndef DOCPROC_INTEGER_H
#define DOCPROC_INTEGER_H

#include <string.h>

#include "../include/CIntegerKernels.h"

// ATTEND_KEYS probabilities of 14 bits times values of 11 bits (with sign) stay below 2^31.
#define PROBABILITY_LIMIT 16383.0f
#define VALUE_LIMIT 1023.0f

// Where a key's products stand among those of its run: of 32 keys the even ones come
// first, so that the probabilities of two vectors make pairs of neighbours.
static inline int64_t key_lane16(int64_t key) { return key / 32 * 32 + key % 2 * 16 + key % 32 / 2; }

static inline float half_value(const uint8_t *bits) {
  _Float16 half;
  memcpy(&half, bits, sizeof half);
  return (float)half;
}

static inline int32_t clamped(float value, float limit) {
  value = value < -limit ? -limit : value > limit ? limit : value;
  return (int32_t)__builtin_rintf(value);
}

static inline float bfloat_value(const uint8_t *bits) {
  uint16_t half;
  memcpy(&half, bits, sizeof half);
  uint32_t wide = (uint32_t)half << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

// Rounded away from zero, so that what is divided by it stays in range.
static inline uint16_t bfloat_above(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)((bits + 0xffff) >> 16);
}

// The parts of one 8-bit block.
static inline float int8_scale(const uint8_t *block, int64_t column) {
  return bfloat_value(block + PANEL_COLUMNS * INT8_GROUP + 2 * column);
}

static inline int int8_weight(const uint8_t *block, int64_t column, int64_t input) {
  return block[(input / 4 * PANEL_COLUMNS + column) * 4 + input % 4] - 128;
}

// The activations' sum over one group of 8-bit weights.
static inline int32_t group_sum(const quantized_rows *x, int64_t row, int64_t group) {
  const int32_t *sums = x->sums + row * (x->stride / INT4_GROUP) + group * (INT8_GROUP / INT4_GROUP);
  return sums[0] + sums[1];
}

static inline float group_scale(const quantized_rows *x, int64_t row, int64_t group) {
  return x->scales[row * (x->stride / INT8_GROUP) + group];
}

// The parts of one 4-bit block.
static inline float int4_scale(const uint8_t *block, int64_t column) {
  return half_value(block + PANEL_COLUMNS * INT4_GROUP / 2 + 2 * column);
}

static inline float int4_minimum(const uint8_t *block, int64_t column) {
  return int4_scale(block, column + PANEL_COLUMNS);
}

static inline int int4_nibble(const uint8_t *block, int64_t column, int64_t input) {
  uint8_t byte = block[(input / 8 * PANEL_COLUMNS + column) * 4 + input % 4];
  return input % 8 < 4 ? byte & 15 : byte >> 4;
}

static inline float int4_weight(const uint8_t *panel, int64_t column, int64_t input) {
  const uint8_t *block = panel + input / INT4_GROUP * INT4_BLOCK_BYTES;
  return int4_scale(block, column) * (float)int4_nibble(block, column, input % INT4_GROUP) +
         int4_minimum(block, column);
}

#endif
