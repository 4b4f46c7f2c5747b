#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <malloc.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int limit(int resource, uint64_t most) {
  struct rlimit now;
  if (getrlimit(resource, &now) != 0) return -1;
  // What is less already stays so.
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most) most = now.rlim_max;
  struct rlimit wanted = {.rlim_cur = most, .rlim_max = most};
  return setrlimit(resource, &wanted);
}

static int set_limits(const struct sandbox_limits *limits) {
  if (limit(RLIMIT_CORE, 0) != 0) return -1;
  if (limit(RLIMIT_NOFILE, 64) != 0) return -1;
  if (limit(RLIMIT_CPU, limits->cpu_seconds) != 0) return -1;
  if (limit(RLIMIT_FSIZE, limits->file_bytes) != 0) return -1;
  return limit(RLIMIT_AS, limits->memory);
}

// Landlock: of files, programs and their data below /usr may be read, and nothing else.

static const uint64_t reading = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                LANDLOCK_ACCESS_FS_READ_DIR;
// What each version of Landlock knows; headers may be older than the kernel.
enum { FIRST_BITS = 13, TRUNCATE_BIT = 14, DEVICE_BIT = 15, TRUNCATE_ABI = 3, DEVICE_ABI = 5 };

static uint64_t everything(int abi) {
  uint64_t bits = (1u << FIRST_BITS) - 1;
  // Files of two folders are told apart since the second version; it is refused without a bit.
  if (abi >= TRUNCATE_ABI) bits |= 1u << TRUNCATE_BIT;
  if (abi >= DEVICE_ABI) bits |= 1u << DEVICE_BIT;
  return bits;
}

static int allow(int rules, const char *path, uint64_t access) {
  struct landlock_path_beneath_attr rule = {.allowed_access = access};
  rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
  // What is not there needs no rule.
  if (rule.parent_fd < 0) return 0;
  int result = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  close(rule.parent_fd);
  return result;
}

static int forbid_files(void) {
  int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return -1;
  struct landlock_ruleset_attr handled = {.handled_access_fs = everything(abi)};
  int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (rules < 0) return -1;
  static const char *const folders[] = {"/usr", "/lib", "/lib64", "/bin", "/etc/fonts",
                                        "/opt"};
  int result = 0;
  for (unsigned i = 0; i < sizeof folders / sizeof *folders; i++)
    result |= allow(rules, folders[i], reading);
  static const char *const files[] = {"/etc/ld.so.cache", "/dev/null", "/dev/urandom"};
  for (unsigned i = 0; i < sizeof files / sizeof *files; i++)
    result |= allow(rules, files[i], LANDLOCK_ACCESS_FS_READ_FILE);
  if (result == 0) result = (int)syscall(SYS_landlock_restrict_self, rules, 0);
  close(rules);
  return result;
}

// Seccomp: calls that reach other processes, the network, the kernel's settings, and what of files
// Landlock does not cover.

// The same number on every machine; older headers do not name it.
enum { FCHMODAT2 = 452 };

static const int forbidden[] = {
    SCMP_SYS(socket),        SCMP_SYS(socketpair),       SCMP_SYS(connect),
    SCMP_SYS(bind),          SCMP_SYS(listen),           SCMP_SYS(accept),
    SCMP_SYS(accept4),       SCMP_SYS(kill),             SCMP_SYS(tkill),
    SCMP_SYS(pidfd_open),    SCMP_SYS(pidfd_send_signal), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(ptrace),        SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(unshare),       SCMP_SYS(setns),            SCMP_SYS(mount),
    SCMP_SYS(umount2),       SCMP_SYS(pivot_root),       SCMP_SYS(chroot),
    SCMP_SYS(open_tree),     SCMP_SYS(move_mount),       SCMP_SYS(fsopen),
    SCMP_SYS(bpf),           SCMP_SYS(perf_event_open),  SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(keyctl),          SCMP_SYS(add_key),
    SCMP_SYS(request_key),   SCMP_SYS(init_module),      SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(kexec_load),       SCMP_SYS(reboot),
    SCMP_SYS(swapon),        SCMP_SYS(swapoff),          SCMP_SYS(open_by_handle_at),
    SCMP_SYS(shmget),        SCMP_SYS(msgget),           SCMP_SYS(semget),
    SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(setsid),
    SCMP_SYS(setpgid),       SCMP_SYS(truncate),         SCMP_SYS(chmod),
    SCMP_SYS(fchmodat),      FCHMODAT2,                  SCMP_SYS(chown),
    SCMP_SYS(lchown),        SCMP_SYS(fchownat),         SCMP_SYS(utime),
    SCMP_SYS(utimes),        SCMP_SYS(utimensat),        SCMP_SYS(futimesat),
    SCMP_SYS(setxattr),      SCMP_SYS(lsetxattr),        SCMP_SYS(removexattr),
    SCMP_SYS(lremovexattr),
};

// Calls that are only forbidden with some arguments.
static int forbid_others(scmp_filter_ctx filter) {
  // Signals to itself end a program that gives up.
  int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
                                SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
  result |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1,
                             SCMP_A0(SCMP_CMP_NE, 0));
  result |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
  // Its flags lie in memory, where no filter sees them; glibc then takes clone.
  return result | seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int forbid_calls(void) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (!filter) return -1;
  for (unsigned i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
    // A call that this machine does not have cannot be made either.
    int failure = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
    (void)failure;
  }
  int result = forbid_others(filter);
  if (result == 0) result = seccomp_load(filter);
  seccomp_release(filter);
  return result;
}

int sandbox_enter(const struct sandbox_limits *limits) {
  if (set_limits(limits) != 0) return -1;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  int missing = 0;
  if (forbid_files() != 0) missing |= SANDBOX_NO_LANDLOCK;
  if (forbid_calls() != 0) missing |= SANDBOX_NO_SECCOMP;
  return missing;
}

int sandbox_has_no_new_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }

int sandbox_reaches_parent(void) {
  struct rlimit now;
  pid_t parent = getppid();
  return kill(parent, 0) == 0 || syscall(SYS_tgkill, parent, parent, 0) == 0 ||
         prlimit(parent, RLIMIT_CPU, NULL, &now) == 0;
}

void sandbox_keep_memory(void) {
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
}

// Starting programs

static int above(int descriptor) {
  return descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
}

// A descriptor that dup2 makes stays open when a program starts, one made by F_DUPFD_CLOEXEC not.
static void become(const struct sandbox_streams *streams) {
  // The stranger's reader gets nothing else that this program has open.
  syscall(SYS_close_range, 4, ~0U, CLOSE_RANGE_CLOEXEC);
  int input = above(streams->input), output = above(streams->output);
  int error = above(streams->error), extra = above(streams->extra);
  dup2(input, 0);
  dup2(output, 1);
  dup2(error, 2);
  if (extra >= 0) dup2(extra, 3);
}

int sandbox_spawn(const char *path, char *const arguments[], char *const environment[],
                  struct sandbox_streams streams) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return -1;
  pid_t child = vfork();
  if (child == 0) {
    int tell = above(report[1]);
    if (streams.own_group) setpgid(0, 0);
    become(&streams);
    // What waits for a parent that is gone would wait forever.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execve(path, arguments, environment);
    int code = errno;
    ssize_t written = write(tell, &code, sizeof code);
    (void)written;
    _exit(127);
  }
  int code = 0;
  close(report[1]);
  ssize_t got = child > 0 ? read(report[0], &code, sizeof code) : 0;
  close(report[0]);
  if (got != (ssize_t)sizeof code) return child;
  waitpid(child, NULL, 0);
  errno = code;
  return -1;
}

int sandbox_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int sandbox_unnamed_file(const char *folder) {
  return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
}

int sandbox_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
