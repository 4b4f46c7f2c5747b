#ifndef DOCPROC_CINTEGERKERNELS_H
#define DOCPROC_CINTEGERKERNELS_H

#include <stdint.h>

/// Products of quantized weights and activations, and attention in 16-bit integers.
///
/// Weights [outputs, inputs] lie in panels of PANEL_COLUMNS outputs, a panel in blocks of
/// as many inputs as share a scale; a block holds one 32-bit lane an output for each four
/// inputs:
///
///     8 bits: INT8_BLOCK_BYTES: byte[INT8_GROUP / 4][PANEL_COLUMNS][4], then bfloat16
///             scale[PANEL_COLUMNS]; weight = scale * (byte - 128)
///     4 bits: INT4_BLOCK_BYTES: nibbles of two consecutive fours of inputs share their
///             bytes (the first in the low nibble), then float16 scale[PANEL_COLUMNS],
///             float16 minimum[PANEL_COLUMNS]; weight = scale * nibble + minimum
///
/// This is what dot-product instructions (VNNI, SDOT) take, so a mapped file is used as
/// it lies. Both are padded with zeros to whole panels and groups.
enum {
  PANEL_COLUMNS = 64,
  COLUMN_UNIT = 32,
  INT8_GROUP = 64,
  INT8_BLOCK_BYTES = PANEL_COLUMNS * INT8_GROUP + 2 * PANEL_COLUMNS,
  INT4_GROUP = 32,
  INT4_BLOCK_BYTES = PANEL_COLUMNS * INT4_GROUP / 2 + 4 * PANEL_COLUMNS,
  /// Keys per step of `attend16`: its sums of products stay below 2^31.
  ATTEND_KEYS = 128,
  ATTEND_QUERIES = 6,
  PEAK_BYTES = 516 * 576,
};

/// Activations in 8 bits, x = scale * value: `values` is [rows, stride], padded with
/// zeros to whole groups; `scales` is [rows, stride / INT8_GROUP], `sums` the sums of
/// values [rows, stride / INT4_GROUP].
typedef struct {
  int8_t *values;
  int64_t stride;
  float *scales;
  int32_t *sums;
} quantized_rows;

/// Keys and values of one head in 16 bits (see `pack_run16`), padded with zeros to whole
/// steps of ATTEND_KEYS.
typedef struct {
  int16_t *keys;        // [count / 16][dim / 2][16][2]; of 32 keys the even ones first
  float *key_scales;    // [count], in the same order
  int16_t *values;      // [count / 2][dim][2], 11 bits
  float *value_scales;  // [count / ATTEND_KEYS]
  int64_t count;
} packed_run16;

/// log2 of the largest probability, 16383, as 14 bits hold it.
#define PROBABILITY_LOG2 13.99991195f

/// Query vectors and what the online softmax (arXiv 2205.14135) knows of each.
typedef struct {
  const int16_t *queries;  // [count, dim]
  const float *scales;     // [count], with the attention scale and log2(e) in it
  const int32_t *first;    // [count]: the keys of the run that each sees
  const int32_t *last;
  float *maximum;  // [count], base 2
  float *sum;      // [count]; this and the output are scaled by 2^PROBABILITY_LOG2
  float *output;   // [count, dim]
  int64_t count;
} query_tile16;

typedef struct {
  const char *name;

  /// y[rows, columns] = x W^T for 8-bit panels and rows `first_row` ... of x, whose
  /// stride tells the number of inputs. y has `ldy` elements a row.
  void (*matmul8)(float *y, int64_t ldy, const quantized_rows *x, int64_t first_row,
                  int64_t rows, const uint8_t *panels, int64_t columns);

  /// The same for at most 4 rows, which are limited by the weights' way from memory:
  /// columns from `first_column` (a multiple of COLUMN_UNIT) of the panels on.
  void (*matvec8)(float *y, int64_t ldy, const quantized_rows *x, int64_t rows,
                  const uint8_t *panels, int64_t first_column, int64_t columns);
  void (*matvec4)(float *y, int64_t ldy, const quantized_rows *x, int64_t rows,
                  const uint8_t *panels, int64_t first_column, int64_t columns);

  /// One 4-bit panel of `inputs` (a multiple of INT8_GROUP) as an 8-bit one.
  void (*expand4)(uint8_t *panel8, const uint8_t *panel4, int64_t inputs);

  /// Continues the softmax of the tile's queries over one run of keys; dim is a multiple
  /// of 16. NULL where 16-bit products are no faster than fp32 ones.
  void (*attend16)(query_tile16 *tile, const packed_run16 *run, int64_t dim);

  /// x[rows, columns] in symmetric 8-bit groups: scale = max|x| / 127.
  void (*quantize_rows8)(quantized_rows *out, const float *x, int64_t row, int64_t rows, int64_t columns);

  /// Group number `group` of rows `row` ...: x[rows, INT8_GROUP] of which `columns` count.
  void (*quantize_group8)(quantized_rows *out, const float *x, int64_t row, int64_t rows,
                          int64_t group, int64_t columns);

  /// x[count, ldx] of one head as 16-bit rows with one scale each, times `factor`.
  /// The largest magnitude is such that a product of two rows fits 31 bits.
  void (*quantize_rows16)(int16_t *out, float *scales, const float *x, int64_t ldx,
                          int64_t count, int64_t dim, float factor);

  /// Packs step number `step` of a run: keys and values [run->count, dim] from
  /// `step * ATTEND_KEYS` on. Keys get a scale each, values one a step.
  void (*pack_run16)(packed_run16 *run, const float *keys, const float *values,
                     int64_t step, int64_t dim);

  /// The yardstick: a product [rows, inputs] x [inputs, PANEL_COLUMNS] of bytes in cache with
  /// 32-bit sums and no scales, the fastest this instruction set allows; rows * inputs and
  /// inputs * PANEL_COLUMNS at most PEAK_BYTES. NULL where there is none.
  void (*peak8)(int64_t rows, int64_t inputs);
} integer_kernel_table;

/// The fastest for this CPU. DOCPROC_ISA chooses as for `kernels()`.
const integer_kernel_table *integer_kernels(void);
const integer_kernel_table *integer_kernels_reference(void);
const integer_kernel_table *integer_kernels_named(const char *name);

/// Packs weights [columns, inputs] of one panel; `columns` <= PANEL_COLUMNS. 4-bit panels
/// are padded to whole INT8_GROUPs of inputs too.
void pack_panel8(uint8_t *panel, const float *weights, int64_t columns, int64_t inputs);
void pack_panel4(uint8_t *panel, const float *weights, int64_t columns, int64_t inputs);

/// One row of weights back from a panel.
void unpack_row8(float *row, const uint8_t *panel, int64_t column, int64_t inputs);
void unpack_row4(float *row, const uint8_t *panel, int64_t column, int64_t inputs);

#endif
