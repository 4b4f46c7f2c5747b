#ifndef DOCPROC_CSANDBOX_H
#define DOCPROC_CSANDBOX_H

#include <stdint.h>

/// What a program may use.
struct sandbox_limits {
  /// Bytes of address space.
  uint64_t memory;
  /// Seconds of a CPU, of each process.
  uint64_t cpu_seconds;
  /// Bytes of a file; there is none to write but those in memory.
  uint64_t file_bytes;
};

/// Parts of the sandbox that this kernel does not have.
enum sandbox_missing {
  SANDBOX_NO_LANDLOCK = 1,
  SANDBOX_NO_SECCOMP = 2,
};

/// Takes away what reading a document does not need: files but those below /usr, the network,
/// other processes, new privileges. What it starts has the same limits. There is no way back.
///
/// Returns the parts that are missing, 0 for none, or -1 with errno set where the limits or
/// PR_SET_NO_NEW_PRIVS, which every kernel has, could not be set.
int sandbox_enter(const struct sandbox_limits *limits);

/// Not 0 once the process and what it starts get no privileges that it does not have.
int sandbox_has_no_new_privileges(void);

/// Not 0 where a signal or a limit could be set for the process that started this one.
int sandbox_reaches_parent(void);

/// What is freed stays the program's: a reader asks for it again a moment later.
void sandbox_keep_memory(void);

/// Descriptors that a program gets as its input, output and messages, and one more as number 3
/// (-1: none).
struct sandbox_streams {
  int input;
  int output;
  int error;
  int extra;
  /// Not 0 for a process group of the program's own, so that it can be ended with all it started.
  int own_group;
};

/// Starts a program, which the kernel ends with the thread that started it. Returns its process id, or -1 with errno set where it cannot.
int sandbox_spawn(const char *path, char *const arguments[], char *const environment[],
                  struct sandbox_streams streams);

/// Both ends of a pipe, which no other program that is started meanwhile gets; -1 with errno set.
int sandbox_pipe(int ends[2]);

/// A file that is only in memory, and gone when it is closed; -1 with errno set.
int sandbox_memory_file(const char *name);

/// A file without a name on the disk of a folder, gone when it is closed; -1 with errno set.
int sandbox_unnamed_file(const char *folder);

#endif
