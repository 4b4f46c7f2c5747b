#define _GNU_SOURCE
#include "../include/CThreadTeam.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

// About 100 microseconds of waiting awake: longer than what lies between two loops of a token.
enum { SPINS = 2000 };

struct thread_team {
  int threads;
  pthread_t *handles;
  pthread_mutex_t busy;
  void (*body)(void *, int, int);
  void *context;
  int items;
  int used;
  int stopping;
  _Atomic unsigned round;     // counts loops; a change starts one
  _Atomic unsigned unfinished;  // threads still in the loop
  _Atomic int sleepers;
};

typedef struct {
  thread_team *team;
  int index;
} member;

static void wait_while(_Atomic unsigned *word, unsigned value, _Atomic int *sleepers) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(word, memory_order_acquire) != value) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield");
#endif
  }
  if (sleepers) atomic_fetch_add(sleepers, 1);
  while (atomic_load(word) == value) syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
  if (sleepers) atomic_fetch_sub(sleepers, 1);
}

static void wake(_Atomic unsigned *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0); }

static void run_share(thread_team *team, int thread) {
  for (int item = thread; item < team->items; item += team->used) team->body(team->context, thread, item);
}

static void *follow(void *argument) {
  member self = *(member *)argument;
  free(argument);
  thread_team *team = self.team;
  for (unsigned seen = 0;; seen++) {
    wait_while(&team->round, seen, &team->sleepers);
    if (team->stopping) return NULL;
    if (self.index < team->used) run_share(team, self.index);
    if (atomic_fetch_sub(&team->unfinished, 1) == 1) wake(&team->unfinished);
  }
}

static void start_round(thread_team *team) {
  atomic_store(&team->unfinished, (unsigned)(team->threads - 1));
  atomic_fetch_add(&team->round, 1);
  if (atomic_load(&team->sleepers) > 0) wake(&team->round);
}

thread_team *thread_team_create(int threads) {
  thread_team *team = calloc(1, sizeof *team);
  if (!team) return NULL;
  team->handles = calloc((size_t)threads, sizeof *team->handles);
  if (!team->handles) {
    free(team);
    return NULL;
  }
  pthread_mutex_init(&team->busy, NULL);
  for (team->threads = 1; team->threads < threads; team->threads++) {
    member *self = malloc(sizeof *self);
    if (!self) break;
    *self = (member){team, team->threads};
    if (pthread_create(&team->handles[team->threads], NULL, follow, self)) {
      free(self);
      break;
    }
  }
  if (team->threads == threads) return team;
  thread_team_destroy(team);
  return NULL;
}

void thread_team_destroy(thread_team *team) {
  team->stopping = 1;
  start_round(team);
  for (int i = 1; i < team->threads; i++) pthread_join(team->handles[i], NULL);
  pthread_mutex_destroy(&team->busy);
  free(team->handles);
  free(team);
}

void thread_team_run(thread_team *team, int items, void (*body)(void *, int, int), void *context) {
  pthread_mutex_lock(&team->busy);
  team->body = body;
  team->context = context;
  team->items = items;
  team->used = items < team->threads ? items : team->threads;
  if (team->used > 1) start_round(team);
  run_share(team, 0);
  if (team->used > 1)
    for (unsigned left; (left = atomic_load(&team->unfinished)) != 0;) wait_while(&team->unfinished, left, NULL);
  pthread_mutex_unlock(&team->busy);
}
