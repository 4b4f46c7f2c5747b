#ifndef DOCPROC_CTHREADTEAM_H
#define DOCPROC_CTHREADTEAM_H

/// Threads that run one loop after another. Between loops they wait awake for a moment,
/// because a token's next loop follows within microseconds, and then sleep, because the
/// host has other work.
typedef struct thread_team thread_team;

/// NULL where the system has no room for the threads; one of `threads` is the caller.
thread_team *thread_team_create(int threads);
void thread_team_destroy(thread_team *team);

/// Calls body(context, thread, item) for every item and returns when all calls have.
/// Item i runs on thread i % min(threads, items). One loop at a time: a second caller waits.
void thread_team_run(thread_team *team, int items, void (*body)(void *context, int thread, int item), void *context);

#endif
