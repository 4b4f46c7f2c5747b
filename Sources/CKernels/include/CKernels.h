#ifndef DOCPROC_CKERNELS_H
#define DOCPROC_CKERNELS_H

#include <stdint.h>

#include "CIntegerKernels.h"
#include "CThreadTeam.h"

/// Kernels that libraries do not offer. Every array is row-major fp32 unless
/// said otherwise; `ld` is the distance of two rows in elements. Each kernel
/// exists once as a plain reference and once per instruction set; the table
/// `kernels()` holds the fastest that this CPU runs.

typedef enum {
  DTYPE_F32 = 0,
  DTYPE_F16 = 1,
  DTYPE_BF16 = 2,
  DTYPE_F8 = 3,  // E4M3
  // Blocks of GGUF files: 32 weights in 34, 18 and 20 bytes, 256 in 144 and 210.
  DTYPE_Q8_0 = 4,
  DTYPE_Q4_0 = 5,
  DTYPE_Q4_1 = 6,
  DTYPE_Q4_K = 7,
  DTYPE_Q6_K = 8,
} kernel_dtype;

enum { LIGHTNING_BLOCK = 32 };

/// Tokens by which a converted layer's window moves on, and which then join its linear branch.
enum { BRANCH_STEP = 64 };

/// One head's features for linear attention (Hedgehog, arXiv 2402.04347), and a gain:
///
///     y = x map + bias, features = [softmax(y), softmax(-y)], log gain = x . gain + gain_bias
typedef struct {
  const float *map;   // [dim, size]
  const float *bias;  // [size]
  const float *gain;  // [dim]
  float gain_bias;
  /// Above 0: features are multiplied by exp(log gain), which is kept within +-gain_range.
  float gain_range;
  int64_t dim;
  int64_t size;
} feature_map;

/// At most BRANCH_STEP keys in a row that join the state of a linear branch.
typedef struct {
  const float *key;    // [rows, features]
  const float *value;  // [rows, dim]
  const float *power;  // [BRANCH_STEP]: decay^i
  int64_t rows;
  int64_t features;
  int64_t dim;
} branch_keys;

typedef struct {
  const char *isa;

  /// dst[n] = src[n], widened to fp32; whole blocks of block formats.
  void (*widen)(float *dst, const void *src, kernel_dtype type, int64_t n);

  /// dst[n] = src[n] in fp16; what is beyond its range becomes its largest number.
  void (*narrow)(uint16_t *dst, const float *src, int64_t n);

  /// y[rows] = W[rows,cols] x[cols], for F32, F16 and BF16.
  void (*gemv)(float *y, const void *w, kernel_dtype type, const float *x,
               int64_t rows, int64_t cols);

  /// y = x / sqrt(mean(x^2) + eps) * weight over each `dim` of x [rows, groups, dim];
  /// weight is [groups, dim]. y may be x.
  void (*rms_norm)(float *y, const float *x, const float *weight, int64_t rows,
                   int64_t groups, int64_t dim, float eps);

  /// Rotates the first `rotary` elements of each head in place, halves paired
  /// (i, i + rotary/2). x is [rows, heads, head_dim]; cos and sin are
  /// [rows, rotary/2].
  void (*rope)(float *x, const float *cos, const float *sin, int64_t rows,
               int64_t heads, int64_t head_dim, int64_t rotary);

  /// The same with neighbours paired: (2 i, 2 i + 1).
  void (*rope_pairs)(float *x, const float *cos, const float *sin, int64_t rows,
                     int64_t heads, int64_t head_dim, int64_t rotary);

  /// x = x * sigmoid(x).
  void (*silu)(float *x, int64_t n);

  /// gate = silu(gate) * up.
  void (*silu_mul)(float *gate, const float *up, int64_t n);

  /// x = x * y.
  void (*mul)(float *x, const float *y, int64_t n);

  /// x = sigmoid(gate) * x.
  void (*sigmoid_mul)(float *x, const float *gate, int64_t n);

  /// y = a * y + b * x.
  void (*axpby)(float *y, const float *x, float a, float b, int64_t n);

  /// One step of the online softmax over a tile of scores [rows, cols].
  /// Row r sees columns first[r] ..< last[r]; others become 0. On return the
  /// scores hold exp(scale * score - maximum), `maximum` and `sum` are those of
  /// all tiles so far, and `rescale[r]` is what earlier outputs of the row have
  /// to be multiplied with.
  void (*softmax_tile)(float *scores, int64_t rows, int64_t cols, int64_t ld,
                       float scale, const int32_t *first, const int32_t *last,
                       float *maximum, float *sum, float *rescale);

  /// Continues the softmax of one query over keys and values [count, dim]: `maximum`, `sum`
  /// and `out` [dim] are those of all keys so far, `scores` is room for [count].
  void (*attend_row)(float *maximum, float *sum, float *out, const float *q,
                     const float *keys, const float *values, int64_t count,
                     int64_t dim, float scale, float *scores);

  /// x[r,:] *= factor[r].
  void (*scale_rows)(float *x, const float *factor, int64_t rows, int64_t dim);

  /// mass[c] += sum over rows of scores[r,c] * factor[r].
  void (*column_mass)(float *mass, const float *scores, const float *factor,
                      int64_t rows, int64_t cols, int64_t ld);

  /// Lightning attention of one head over `rows` tokens (MiniMax-01,
  /// arXiv 2501.08313, section 2.2; block form of S_t = decay S_{t-1} + k v^T,
  /// o_t = q_t S_t). q, k, v and out have row strides ldq, ldk, ldv, ldo and
  /// `dim` columns; state is [dim, dim]; decay = exp(-slope). `scratch` holds
  /// LIGHTNING_BLOCK * (LIGHTNING_BLOCK + 2 * dim) elements.
  void (*lightning)(float *out, int64_t ldo, const float *q, int64_t ldq,
                    const float *k, int64_t ldk, const float *v, int64_t ldv,
                    float *state, float slope, int64_t rows, int64_t dim,
                    float *scratch);

  /// maximum += ln sum: the logs of a softmax's denominators.
  void (*log_sums)(float *maximum, const float *sum, int64_t n);

  /// out [rows, 2 * map->size] = features of x [rows, map->dim], in rows of ldo and ldx
  /// elements; log_gain [rows], not yet kept within its range.
  void (*branch_features)(float *out, int64_t ldo, float *log_gain, const float *x,
                          int64_t ldx, const feature_map *map, int64_t rows);

  /// What keys add to a state: S [features, dim], then z [features],
  ///
  ///     S = sum_j decay^(rows-1-j) key_j value_j^T,  z = sum_j decay^(rows-1-j) key_j
  ///
  /// `scratch` holds features * BRANCH_STEP elements.
  void (*branch_sums)(float *state, const branch_keys *keys, float *scratch);

  /// What queries [rows, features] see of a state (S, z): numerator = q S [rows, dim],
  /// denominator = q . z [rows].
  void (*branch_outputs)(float *numerator, float *denominator, const float *state,
                         const float *query, int64_t rows, int64_t features, int64_t dim);

  /// Joins softmax attention `out` [rows, share, dim], the log of whose denominator is
  /// log_sum [rows, share], with a branch whose weights count exp(log_gain) times, and whose
  /// state was `age` tokens old at the first row:
  ///
  ///     s = sigmoid(log_gain - slope (age + row) + ln denominator - log_sum),
  ///         or 0 where the denominator is 0
  ///     out = (1 - s) out + s numerator / denominator
  ///
  /// Rows of out have ldo elements, rows of log_sum lds; the others are dense. denominator and
  /// log_gain are used up.
  void (*branch_merge)(float *out, int64_t ldo, const float *log_sum, int64_t lds,
                       const float *numerator, float *denominator, float *log_gain,
                       float slope, int64_t age, int64_t rows, int64_t share, int64_t dim);
} kernel_table;

/// The fastest table for this CPU. DOCPROC_ISA=reference|avx2|avx512 asks for a
/// slower one; a table that the CPU cannot run is never returned.
const kernel_table *kernels(void);

/// The plain C table that the others are tested against.
const kernel_table *kernels_reference(void);

/// The table of that name, or NULL where this CPU or build has none.
const kernel_table *kernels_named(const char *isa);

/// Reads `bytes` of memory once, to measure how fast that goes, and returns their number.
int64_t sum_bytes(const void *start, int64_t bytes);

/// Gives what was freed, and the allocator still holds, back to the system.
void return_freed_memory(void);

/// Reads the pages of a mapped file into memory, or lets go of them. Both are advice: what is read
/// stays the same.
void populate_pages(const void *start, int64_t bytes);
void release_pages(const void *start, int64_t bytes);

/// cpu_set_t macros are not visible to Swift: CPUs this process may run on.
int usable_cpu_count(void);

#endif
