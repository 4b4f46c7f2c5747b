#include "plain.inc"

const integer_kernel_table integer_kernel_table_reference = {
    .name = "reference",
    .matmul8 = matmul8,
    .matvec8 = matvec8,
    .matvec4 = matvec4,
    .expand4 = expand4,
    .attend16 = attend16,
    .quantize_rows8 = quantize_rows8,
    .quantize_group8 = quantize_group8,
    .quantize_rows16 = quantize_rows16,
    .pack_run16 = pack_run16,
};
