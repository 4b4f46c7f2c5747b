// The plain kernels: one loop each, straight from the formula, sums in double.
// Speed does not matter here; the fast tables are tested against these.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../include/CKernels.h"
// Widening is exact: there is one form of it, which the tests check by values.
#include "block_formats.inc"

static float element(const void *src, kernel_dtype type, int64_t i) {
  if (type == DTYPE_F32) return ((const float *)src)[i];
  uint16_t bits = ((const uint16_t *)src)[i];
  return type == DTYPE_F16 ? half_to_float(bits) : bfloat_to_float(bits);
}

static void widen(float *dst, const void *src, kernel_dtype type, int64_t n) {
  if (type > DTYPE_BF16) {
    widen_blocks(dst, src, type, n);
    return;
  }
  for (int64_t i = 0; i < n; i++) dst[i] = element(src, type, i);
}

static void narrow(uint16_t *dst, const float *src, int64_t n) {
  for (int64_t i = 0; i < n; i++) dst[i] = float_to_half(src[i]);
}

static void gemv(float *y, const void *w, kernel_dtype type, const float *x,
                 int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++) {
    double sum = 0;
    for (int64_t c = 0; c < cols; c++) sum += (double)element(w, type, r * cols + c) * x[c];
    y[r] = (float)sum;
  }
}

static void rms_norm(float *y, const float *x, const float *weight, int64_t rows,
                     int64_t groups, int64_t dim, float eps) {
  for (int64_t r = 0; r < rows * groups; r++) {
    double squares = 0;
    for (int64_t i = 0; i < dim; i++) squares += (double)x[r * dim + i] * x[r * dim + i];
    double scale = 1.0 / sqrt(squares / (double)dim + eps);
    for (int64_t i = 0; i < dim; i++)
      y[r * dim + i] = (float)(x[r * dim + i] * scale * weight[r % groups * dim + i]);
  }
}

static void rope(float *x, const float *cos, const float *sin, int64_t rows,
                 int64_t heads, int64_t head_dim, int64_t rotary) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t h = 0; h < heads; h++)
      for (int64_t i = 0; i < rotary / 2; i++) {
        float *head = x + (r * heads + h) * head_dim;
        double a = head[i], b = head[i + rotary / 2];
        double c = cos[r * rotary / 2 + i], s = sin[r * rotary / 2 + i];
        head[i] = (float)(a * c - b * s);
        head[i + rotary / 2] = (float)(b * c + a * s);
      }
}

static void rope_pairs(float *x, const float *cos, const float *sin, int64_t rows,
                       int64_t heads, int64_t head_dim, int64_t rotary) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t h = 0; h < heads; h++)
      for (int64_t i = 0; i < rotary / 2; i++) {
        float *pair = x + (r * heads + h) * head_dim + 2 * i;
        double a = pair[0], b = pair[1];
        double c = cos[r * rotary / 2 + i], s = sin[r * rotary / 2 + i];
        pair[0] = (float)(a * c - b * s);
        pair[1] = (float)(b * c + a * s);
      }
}

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

static void silu(float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = (float)(x[i] * sigmoid(x[i]));
}

static void silu_mul(float *gate, const float *up, int64_t n) {
  for (int64_t i = 0; i < n; i++) gate[i] = (float)(gate[i] * sigmoid(gate[i]) * up[i]);
}

static void mul(float *x, const float *y, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] *= y[i];
}

static void sigmoid_mul(float *x, const float *gate, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = (float)(x[i] * sigmoid(gate[i]));
}

static void axpby(float *y, const float *x, float a, float b, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = (float)((double)a * y[i] + (double)b * x[i]);
}

static void softmax_tile(float *scores, int64_t rows, int64_t cols, int64_t ld,
                         float scale, const int32_t *first, const int32_t *last,
                         float *maximum, float *sum, float *rescale) {
  for (int64_t r = 0; r < rows; r++) {
    double best = maximum[r], total = 0;
    for (int64_t c = first[r]; c < last[r]; c++)
      best = fmax(best, (double)scale * scores[r * ld + c]);
    for (int64_t c = 0; c < cols; c++) {
      int seen = c >= first[r] && c < last[r];
      double e = seen ? exp((double)scale * scores[r * ld + c] - best) : 0;
      scores[r * ld + c] = (float)e;
      total += e;
    }
    rescale[r] = best > maximum[r] ? (float)exp(maximum[r] - best) : 1;
    sum[r] = (float)(sum[r] * rescale[r] + total);
    maximum[r] = (float)best;
  }
}

static void attend_row(float *maximum, float *sum, float *out, const float *q, const float *keys,
                       const float *values, int64_t count, int64_t dim, float scale, float *scores) {
  double best = *maximum;
  for (int64_t k = 0; k < count; k++) {
    double score = 0;
    for (int64_t d = 0; d < dim; d++) score += (double)q[d] * keys[k * dim + d];
    scores[k] = (float)(scale * score);
    best = fmax(best, scale * score);
  }
  double rescale = exp(*maximum - best), total = *sum * rescale;
  for (int64_t d = 0; d < dim; d++) out[d] = (float)(out[d] * rescale);
  for (int64_t k = 0; k < count; k++) {
    double weight = exp(scores[k] - best);
    total += weight;
    for (int64_t d = 0; d < dim; d++) out[d] = (float)(out[d] + weight * values[k * dim + d]);
  }
  *maximum = (float)best;
  *sum = (float)total;
}

static void scale_rows(float *x, const float *factor, int64_t rows, int64_t dim) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < dim; i++) x[r * dim + i] *= factor[r];
}

static void column_mass(float *mass, const float *scores, const float *factor,
                        int64_t rows, int64_t cols, int64_t ld) {
  for (int64_t c = 0; c < cols; c++) {
    double sum = mass[c];
    for (int64_t r = 0; r < rows; r++) sum += (double)scores[r * ld + c] * factor[r];
    mass[c] = (float)sum;
  }
}

// The recurrence, token by token: S = decay S + k v^T, o = q S.
static void lightning(float *out, int64_t ldo, const float *q, int64_t ldq,
                      const float *k, int64_t ldk, const float *v, int64_t ldv,
                      float *state, float slope, int64_t rows, int64_t dim,
                      float *scratch) {
  (void)scratch;
  double decay = exp(-(double)slope);
  double *s = malloc((size_t)(dim * dim) * sizeof(double));
  for (int64_t i = 0; i < dim * dim; i++) s[i] = state[i];
  for (int64_t t = 0; t < rows; t++) {
    for (int64_t a = 0; a < dim; a++)
      for (int64_t b = 0; b < dim; b++)
        s[a * dim + b] = decay * s[a * dim + b] + (double)k[t * ldk + a] * v[t * ldv + b];
    for (int64_t b = 0; b < dim; b++) {
      double sum = 0;
      for (int64_t a = 0; a < dim; a++) sum += (double)q[t * ldq + a] * s[a * dim + b];
      out[t * ldo + b] = (float)sum;
    }
  }
  for (int64_t i = 0; i < dim * dim; i++) state[i] = (float)s[i];
  free(s);
}

#include "reference_branch.inc"

const kernel_table kernel_table_reference = {
    .isa = "reference",
    .widen = widen,
    .narrow = narrow,
    .gemv = gemv,
    .rms_norm = rms_norm,
    .rope = rope,
    .rope_pairs = rope_pairs,
    .silu = silu,
    .silu_mul = silu_mul,
    .mul = mul,
    .sigmoid_mul = sigmoid_mul,
    .axpby = axpby,
    .softmax_tile = softmax_tile,
    .attend_row = attend_row,
    .scale_rows = scale_rows,
    .column_mass = column_mass,
    .lightning = lightning,
    .log_sums = log_sums,
    .branch_features = branch_features,
    .branch_sums = branch_sums,
    .branch_outputs = branch_outputs,
    .branch_merge = branch_merge,
};
