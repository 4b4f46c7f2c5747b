import Jobs

/// What a worker is told when it starts.
struct WorkerSettings {
  var name: String
  /// Seconds from one checkpoint of a reading to the next; nil: as saving and deaths cost least.
  var checkpointSeconds: Double?
  /// As the database last said.
  var checkpointPlan: CheckpointPlan?
  /// Where finished results wait for the queue.
  var spool: String
  /// Kept readings on this host's disk.
  var cache = ReadingCache(folder: "", mostBytes: 0)
  /// Makes a connection of its own to the queue, for one thread.
  /// - Throws: `PostgresError` when the database cannot be reached or has another schema.
  var connect: @Sendable () throws -> any WorkerQueue
  /// Told of everything that the main thread does.
  var pulse = Pulse.none
  /// Told of what comes of it.
  var metrics = WorkerMetrics()

  var checkpointInterval: CheckpointInterval {
    var interval = CheckpointInterval(fixed: checkpointSeconds)
    if let plan = checkpointPlan {
      interval.lifeSeconds = plan.life
      interval.floor = plan.floor
      interval.ceiling = plan.ceiling
    }
    return interval
  }
}
