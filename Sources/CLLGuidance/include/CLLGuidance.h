#ifndef DOCPROC_CLLGUIDANCE_H
#define DOCPROC_CLLGUIDANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The parts of llguidance's C API that docproc calls, loaded at run time from the library that
/// `docproc model install` keeps. Layouts are those of parser/llguidance.h, version 1.9.1.

typedef struct LLGTokenizer LLGTokenizer;
typedef struct LLGMatcher LLGMatcher;

/// Bounds of a grammar's work; 0 stands for the library's own value.
typedef struct {
  size_t max_items_in_row;
  uint64_t initial_lexer_fuel;
  uint64_t step_lexer_fuel;
  size_t step_max_items;
  size_t max_lexer_states;
  size_t max_grammar_size;
  bool precompute_large_lexemes;
  bool verbose_errors;
} LLGLimits;

typedef struct {
  const LLGTokenizer *tokenizer;
  uint32_t log_buffer_level;
  uint32_t log_stderr_level;
  bool ff_tokens_ok;
  bool backtrack_ok;
  LLGLimits limits;
} LLGSetup;

/// Writes at most `length` tokens of a text, and returns how many there are.
typedef size_t (*LLGTokenize)(const void *context, const uint8_t *bytes, size_t count,
                              uint32_t *tokens, size_t length);

/// Loads the library, once a process.
///
/// Returns NULL when it is ready, else a message that says what is missing.
const char *llguidance_load(const char *path);

/// The version that the library tells.
const char *llguidance_version(void);

/// A vocabulary: the bytes of token i are the next `lengths[i]` of `bytes`.
///
/// Returns NULL where the library refuses it; `message` says why then.
LLGTokenizer *llguidance_tokenizer(uint32_t count, uint32_t end, const uint32_t *lengths,
                                   const uint8_t *bytes, LLGTokenize tokenize,
                                   const void *context, char *message, size_t length);
void llguidance_free_tokenizer(LLGTokenizer *tokenizer);

/// A setup with the library's own limits, silent on stderr.
LLGSetup llguidance_setup(const LLGTokenizer *tokenizer);

/// 0: the grammar can be used; 1: with a warning; -1: it cannot. `message` says why.
int32_t llguidance_check(const LLGSetup *setup, const char *kind, const char *grammar,
                         char *message, size_t length);

/// Never NULL; `llguidance_error` tells what is wrong with it.
LLGMatcher *llguidance_matcher(const LLGSetup *setup, const char *kind, const char *grammar);
LLGMatcher *llguidance_clone(const LLGMatcher *matcher);
void llguidance_free_matcher(LLGMatcher *matcher);

/// NULL where nothing is wrong.
const char *llguidance_error(LLGMatcher *matcher);

/// Which tokens may stand next, a bit each. 0, or -1 for an error.
int32_t llguidance_mask(LLGMatcher *matcher, uint32_t *mask, size_t bytes);
size_t llguidance_mask_bytes(const LLGMatcher *matcher);
int32_t llguidance_consume(LLGMatcher *matcher, const uint32_t *tokens, size_t count);
bool llguidance_accepts(LLGMatcher *matcher);
bool llguidance_is_stopped(const LLGMatcher *matcher);

/// Tokens that must come next, as many as fit; -1 for an error.
int32_t llguidance_forced(LLGMatcher *matcher, uint32_t *tokens, size_t length);

#endif
