#include "include/CKernels.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

// Of later kernels than some C libraries know.
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

int64_t sum_bytes(const void *start, int64_t bytes) {
  const uint64_t *words = start;
  uint64_t sum = 0;
  for (int64_t i = 0; i < bytes / 8; i++) sum += words[i];
  // Else the compiler would see that nobody reads the sum.
  __asm__ volatile("" : : "r"(sum) : "memory");
  return bytes;
}

void return_freed_memory(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

// The pages that lie within a range as a whole.
static int advise(const void *start, int64_t bytes, int advice) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t first = ((uintptr_t)start + page - 1) / page * page;
  uintptr_t last = ((uintptr_t)start + (uintptr_t)bytes) / page * page;
  return last <= first ? 0 : madvise((void *)first, last - first, advice);
}

void populate_pages(const void *start, int64_t bytes) {
  if (advise(start, bytes, MADV_POPULATE_READ)) advise(start, bytes, MADV_WILLNEED);
}

void release_pages(const void *start, int64_t bytes) {
  // Where the kernel does not put them out at once, it is free to.
  if (advise(start, bytes, MADV_PAGEOUT)) advise(start, bytes, MADV_DONTNEED);
}
