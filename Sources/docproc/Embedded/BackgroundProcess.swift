import Foundation

/// Starts programs that outlive this one.
enum BackgroundProcess {
  /// POSIX_SPAWN_SETSID, which glibc shows to C programs only with _GNU_SOURCE.
  private static let newSession: Int16 = 0x80

  /// Starts a program in a session of its own, so that closing the terminal or Ctrl-C
  /// does not reach it. Its output is appended to `log`.
  /// - Returns: its process id.
  static func start(_ path: String, _ arguments: [String], environment: [String: String], log: String) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, newSession)
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
    let argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    let envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var process: pid_t = 0
    let failure = posix_spawn(&process, path, &actions, &attributes, argv, envp)
    guard failure == 0 else { throw UserError("cannot start \(path): \(String(cString: strerror(failure)))") }
    return process
  }
}
