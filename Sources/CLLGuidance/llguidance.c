#include "CLLGuidance.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/// As the library lays it out.
typedef struct {
  uint32_t vocab_size;
  uint32_t tok_eos;
  const uint32_t *token_lens;
  const uint8_t *token_bytes;
  const char *tokenizer_json;
  bool tokenize_assumes_string;
  LLGTokenize tokenize_fn;
  bool use_approximate_greedy_tokenize_fn;
  const void *tokenize_user_data;
  const char *const *slices;
} TokenizerInit;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_ready;
static char failure[1024];

static const char *(*get_version)(void);
static LLGTokenizer *(*new_tokenizer)(const TokenizerInit *, char *, size_t);
static void (*free_tokenizer)(LLGTokenizer *);
static void (*set_defaults)(LLGSetup *, const LLGTokenizer *);
static int32_t (*validate_grammar)(const LLGSetup *, const char *, const char *, char *, size_t);
static LLGMatcher *(*new_matcher)(const LLGSetup *, const char *, const char *);
static LLGMatcher *(*clone_matcher)(const LLGMatcher *);
static void (*free_matcher)(LLGMatcher *);
static const char *(*get_error)(LLGMatcher *);
static int32_t (*compute_mask)(LLGMatcher *, uint32_t *, size_t);
static size_t (*mask_byte_size)(const LLGMatcher *);
static int32_t (*consume_tokens)(LLGMatcher *, const uint32_t *, size_t);
static bool (*is_accepting)(LLGMatcher *);
static bool (*is_stopped)(const LLGMatcher *);
static int32_t (*compute_ff_tokens)(LLGMatcher *, uint32_t *, size_t);

/// Sets a pointer to one of the library's functions.
static bool find(void *library, const char *name, void *pointer) {
  void *symbol = dlsym(library, name);
  if (!symbol) snprintf(failure, sizeof failure, "the library has no %s", name);
  memcpy(pointer, &symbol, sizeof symbol);
  return symbol != NULL;
}

static void load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(failure, sizeof failure, "%s", dlerror());
    return;
  }
  is_ready = find(library, "llg_get_version", &get_version)
    && find(library, "llg_new_tokenizer", &new_tokenizer)
    && find(library, "llg_free_tokenizer", &free_tokenizer)
    && find(library, "llg_constraint_init_set_defaults", &set_defaults)
    && find(library, "llg_validate_grammar", &validate_grammar)
    && find(library, "llg_new_matcher", &new_matcher)
    && find(library, "llg_clone_matcher", &clone_matcher)
    && find(library, "llg_free_matcher", &free_matcher)
    && find(library, "llg_matcher_get_error", &get_error)
    && find(library, "llg_matcher_compute_mask_into", &compute_mask)
    && find(library, "llg_matcher_get_mask_byte_size", &mask_byte_size)
    && find(library, "llg_matcher_consume_tokens", &consume_tokens)
    && find(library, "llg_matcher_is_accepting", &is_accepting)
    && find(library, "llg_matcher_is_stopped", &is_stopped)
    && find(library, "llg_matcher_compute_ff_tokens", &compute_ff_tokens);
}

const char *llguidance_load(const char *path) {
  pthread_mutex_lock(&lock);
  if (!is_ready) {
    failure[0] = 0;
    load(path);
  }
  const char *said = is_ready ? NULL : failure;
  pthread_mutex_unlock(&lock);
  return said;
}

const char *llguidance_version(void) { return is_ready ? get_version() : "none"; }

LLGTokenizer *llguidance_tokenizer(uint32_t count, uint32_t end, const uint32_t *lengths,
                                   const uint8_t *bytes, LLGTokenize tokenize,
                                   const void *context, char *message, size_t length) {
  TokenizerInit init;
  memset(&init, 0, sizeof init);
  init.vocab_size = count;
  init.tok_eos = end;
  init.token_lens = lengths;
  init.token_bytes = bytes;
  init.tokenize_assumes_string = true;
  init.tokenize_fn = tokenize;
  init.tokenize_user_data = context;
  return new_tokenizer(&init, message, length);
}

void llguidance_free_tokenizer(LLGTokenizer *tokenizer) { free_tokenizer(tokenizer); }

LLGSetup llguidance_setup(const LLGTokenizer *tokenizer) {
  LLGSetup setup;
  memset(&setup, 0, sizeof setup);
  set_defaults(&setup, tokenizer);
  setup.log_stderr_level = 0;
  setup.log_buffer_level = 0;
  return setup;
}

int32_t llguidance_check(const LLGSetup *setup, const char *kind, const char *grammar,
                         char *message, size_t length) {
  return validate_grammar(setup, kind, grammar, message, length);
}

LLGMatcher *llguidance_matcher(const LLGSetup *setup, const char *kind, const char *grammar) {
  return new_matcher(setup, kind, grammar);
}

LLGMatcher *llguidance_clone(const LLGMatcher *matcher) { return clone_matcher(matcher); }
void llguidance_free_matcher(LLGMatcher *matcher) { free_matcher(matcher); }
const char *llguidance_error(LLGMatcher *matcher) { return get_error(matcher); }

int32_t llguidance_mask(LLGMatcher *matcher, uint32_t *mask, size_t bytes) {
  return compute_mask(matcher, mask, bytes);
}

size_t llguidance_mask_bytes(const LLGMatcher *matcher) { return mask_byte_size(matcher); }

int32_t llguidance_consume(LLGMatcher *matcher, const uint32_t *tokens, size_t count) {
  return consume_tokens(matcher, tokens, count);
}

bool llguidance_accepts(LLGMatcher *matcher) { return is_accepting(matcher); }
bool llguidance_is_stopped(const LLGMatcher *matcher) { return is_stopped(matcher); }

int32_t llguidance_forced(LLGMatcher *matcher, uint32_t *tokens, size_t length) {
  return compute_ff_tokens(matcher, tokens, length);
}
