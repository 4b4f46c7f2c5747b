#ifndef DOCPROC_COPENBLAS_H
#define DOCPROC_COPENBLAS_H

/// Loads OpenBLAS at run time, with the kernels that suit this CPU.
///
/// OpenBLAS reads OPENBLAS_CORETYPE when it is loaded, so a linked library
/// cannot be told by the program which kernels to take. DOCPROC_BLAS_CORETYPE
/// overrides the choice; OPENBLAS_CORETYPE is ignored, since hosts export it
/// for other programs at half of this CPU's speed.
///
/// Returns NULL when it is ready, else a message that says what is missing.
const char *openblas_load(void);

/// The build, kernels and version in use, as OpenBLAS reports them.
const char *openblas_description(void);

/// C[m,n] = beta C + alpha A[m,k] B, row-major, on the calling thread alone.
/// B is [n,k] if `transpose_b`, else [k,n].
void openblas_gemm(int m, int n, int k, float alpha, const float *a, int lda,
                   const float *b, int ldb, int transpose_b, float beta,
                   float *c, int ldc);

#endif
