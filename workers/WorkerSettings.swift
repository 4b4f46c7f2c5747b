import Jobs

/// What a worker is told when it starts.
struct WorkerSettings {
  var name: String
  /// Seconds from one checkpoint of a reading to the next.
  var checkpointSeconds = 30.0
  /// Where finished results wait for the queue.
  var spool: String
  /// Makes a connection of its own to the queue, for one thread.
  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  var connect: @Sendable () throws -> any WorkerQueue
}
