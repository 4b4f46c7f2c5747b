import Glibc

/// Ends another thread's wait: a descriptor that becomes readable once it is rung.
final class Alarm: Sendable {
  let descriptor: Int32
  private let end: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0, "the process has no descriptors left")
    descriptor = ends[0]
    end = ends[1]
    for one in ends { _ = fcntl(one, F_SETFD, FD_CLOEXEC) }
  }

  func ring() { _ = write(end, [1], 1) }

  /// Waits until it is rung, or the time is over.
  func wait(seconds: Double) {
    var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&waited, 1, Int32(seconds * 1000))
  }

  deinit {
    close(descriptor)
    close(end)
  }
}
