import Foundation

/// Starts other programs by posix_spawn. Foundation's Process notices an end by a socket
/// that the program's own children inherit: it waits forever for one that starts a server.
package enum ChildProcess {
  package struct CannotStart: Error, CustomStringConvertible {
    package let description: String
  }

  /// Where a program's input comes from and its output goes to.
  package struct Streams {
    /// Files that are written on at their ends; nil: this program's own.
    let output: String?
    let error: String?

    /// What is printed is thrown away, and messages go where this program's go.
    package static let messagesOnly = Streams(output: "/dev/null", error: nil)

    /// Both go to the end of one file.
    package static func log(_ path: String) -> Streams { Streams(output: path, error: path) }
  }

  /// POSIX_SPAWN_SETSID, which glibc shows to C programs only with _GNU_SOURCE.
  private static let newSession: Int16 = 0x80

  /// Starts a program that outlives this one, in a session of its own, so that closing
  /// the terminal or Ctrl-C does not reach it.
  /// - Returns: its process id.
  package static func startInBackground(
    _ path: String, _ arguments: [String], environment: [String: String], log: String
  ) throws -> Int32 {
    try spawn(path, arguments, environment: environment, .log(log), flags: newSession)
  }

  /// Runs a program to its end. - Returns: its exit status; 128 plus the signal that ended it.
  package static func run(
    _ path: String, _ arguments: [String], environment: [String: String] = [:],
    directory: String? = nil, _ streams: Streams
  ) throws
    -> Int32
  {
    // glibc hides its chdir action for posix_spawn from Swift; env has the same effect.
    let (program, words) =
      directory.map { ("/usr/bin/env", ["-C", $0, path] + arguments) } ?? (path, arguments)
    let process = try spawn(program, words, environment: environment, streams, flags: 0)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else {
        throw CannotStart(
          description: "cannot wait for \(path): \(String(cString: strerror(errno)))")
      }
    }

    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  /// Becomes another program, in this process: it returns only where that cannot be.
  /// - Throws: `CannotStart`
  package static func become(_ path: String, _ arguments: [String]) throws {
    let argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    execv(path, argv)
    throw CannotStart(description: "cannot start \(path): \(String(cString: strerror(errno)))")
  }

  private static func spawn(
    _ path: String, _ arguments: [String], environment: [String: String], _ streams: Streams,
    flags: Int16
  ) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, path) in [(Int32(1), streams.output), (2, streams.error)] {
      guard let path else { continue }
      posix_spawn_file_actions_addopen(
        &actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, flags)
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map {
      "\($0)=\($1)"
    }
    let argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    let envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var process: pid_t = 0
    let failure = posix_spawn(&process, path, &actions, &attributes, argv, envp)
    guard failure == 0 else {
      throw CannotStart(description: "cannot start \(path): \(String(cString: strerror(failure)))")
    }

    return process
  }
}
