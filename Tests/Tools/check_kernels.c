// Compares a fast kernel table with the plain one, for instruction sets that the tests' host
// lacks: see check_neon.sh. Exits 1 at the first difference.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static unsigned long seed = 1;

static float noise(void) {
  seed = seed * 6364136223846793005ul + 1442695040888963407ul;
  return (float)(seed >> 40) / (float)(1 << 23) - 1;
}

static float *floats(long n) {
  float *x = malloc((size_t)n * sizeof(float));
  for (long i = 0; i < n; i++) x[i] = noise();
  return x;
}

static void compare(const char *what, const float *a, const float *b, long n, double bound) {
  double difference = 0, size = 0;
  for (long i = 0; i < n; i++) {
    difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    size += (double)b[i] * b[i];
  }
  double error = sqrt(difference / size);
  printf("%-40s %.2g\n", what, error);
  if (!(error <= bound)) exit(1);
}

static quantized_rows room(long rows, long columns) {
  long stride = (columns + INT8_GROUP - 1) / INT8_GROUP * INT8_GROUP;
  return (quantized_rows){malloc((size_t)(rows * stride)), stride, floats(rows * stride / INT8_GROUP),
                          malloc((size_t)(rows * stride / INT4_GROUP) * sizeof(int32_t))};
}

static void check_products(const integer_kernel_table *fast, const integer_kernel_table *plain, long rows, long columns,
                           long inputs) {
  long panels = (columns + PANEL_COLUMNS - 1) / PANEL_COLUMNS, groups = (inputs + INT8_GROUP - 1) / INT8_GROUP;
  long wide = groups * INT8_BLOCK_BYTES, narrow = 2 * groups * INT4_BLOCK_BYTES;
  float *x = floats(rows * inputs), *w = floats(columns * inputs), *a = floats(rows * columns), *b = floats(rows * columns);
  uint8_t *p8 = malloc((size_t)(panels * wide)), *p4 = malloc((size_t)(panels * narrow));
  for (long p = 0; p < panels; p++) {
    long count = columns - p * PANEL_COLUMNS < PANEL_COLUMNS ? columns - p * PANEL_COLUMNS : PANEL_COLUMNS;
    pack_panel8(p8 + p * wide, w + p * PANEL_COLUMNS * inputs, count, inputs);
    pack_panel4(p4 + p * narrow, w + p * PANEL_COLUMNS * inputs, count, inputs);
  }
  quantized_rows q = room(rows, inputs), r = room(rows, inputs);
  fast->quantize_rows8(&q, x, 0, rows, inputs);
  plain->quantize_rows8(&r, x, 0, rows, inputs);
  if (memcmp(q.values, r.values, (size_t)(rows * q.stride))) puts("quantize_rows8 differs"), exit(1);
  fast->matmul8(a, columns, &q, 0, rows, p8, columns);
  plain->matmul8(b, columns, &q, 0, rows, p8, columns);
  compare("matmul8", a, b, rows * columns, 2e-6);
  long few = rows < 4 ? rows : 4;
  fast->matvec8(a, columns, &q, few, p8, 0, columns);
  plain->matvec8(b, columns, &q, few, p8, 0, columns);
  compare("matvec8", a, b, few * columns, 2e-6);
  fast->matvec4(a, columns, &q, few, p4, 0, columns);
  plain->matvec4(b, columns, &q, few, p4, 0, columns);
  compare("matvec4", a, b, few * columns, 2e-6);
  fast->expand4(p8, p4, groups * INT8_GROUP);
  fast->matmul8(a, columns, &q, 0, rows, p8, columns < PANEL_COLUMNS ? columns : PANEL_COLUMNS);
  plain->expand4(p8, p4, groups * INT8_GROUP);
  plain->matmul8(b, columns, &q, 0, rows, p8, columns < PANEL_COLUMNS ? columns : PANEL_COLUMNS);
  for (long i = 0; i < rows; i++) compare("expand4", a + i * columns, b + i * columns, 17, 1e-3);
}

static void check_lightning(const kernel_table *fast, const kernel_table *plain, long rows, long dim) {
  float *x = floats(rows * 3 * dim), *s = floats(dim * dim), *t = malloc((size_t)(dim * dim) * sizeof(float));
  float *a = floats(rows * dim), *b = floats(rows * dim), *scratch = floats(LIGHTNING_BLOCK * (LIGHTNING_BLOCK + 2 * dim));
  memcpy(t, s, (size_t)(dim * dim) * sizeof(float));
  fast->lightning(a, dim, x, 3 * dim, x + dim, 3 * dim, x + 2 * dim, 3 * dim, s, 0.03f, rows, dim, scratch);
  plain->lightning(b, dim, x, 3 * dim, x + dim, 3 * dim, x + 2 * dim, 3 * dim, t, 0.03f, rows, dim, scratch);
  compare("lightning, output", a, b, rows * dim, 1e-5);
  compare("lightning, state", s, t, dim * dim, 1e-5);
}

int main(int count, char **names) {
  const char *name = count > 1 ? names[1] : "neon";
  const kernel_table *fast = kernels_named(name);
  const integer_kernel_table *integer = integer_kernels_named(name);
  if (!fast || !integer) {
    fprintf(stderr, "this CPU has no %s\n", name);
    return 1;
  }
  check_products(integer, integer_kernels_reference(), 5, 100, 96);
  check_products(integer, integer_kernels_reference(), 3, 64, 576);
  check_products(integer, integer_kernels_reference(), 1, 17, 200);
  check_lightning(fast, kernels_reference(), 1, 64);
  check_lightning(fast, kernels_reference(), 200, 64);
  check_lightning(fast, kernels_reference(), 65, 24);
  float *gate = floats(333), *up = floats(333), *copy = malloc(333 * sizeof(float));
  memcpy(copy, gate, 333 * sizeof(float));
  fast->silu_mul(gate, up, 333);
  kernels_reference()->silu_mul(copy, up, 333);
  compare("silu_mul", gate, copy, 333, 2e-6);
  puts("all kernels agree");
  return 0;
}
