/// A small model of the claim protocol: two jobs, two workers, a sweeper; statements are atomic,
/// and anything may happen between two of them. Messages are delivered late, twice, or after their
/// sender died; answers get lost; workers die and come back as others.
struct ProtocolModel: Hashable {
  /// Ways to get the protocol wrong.
  enum Flaw: CaseIterable {
    /// Writes match the job and that it is claimed, as many queues do.
    case noFenceOnResults, noFenceOnCheckpoints, noFenceOnReleases
    /// The sweeper frees what it once saw as silent, without looking again.
    case sweeperTrustsOldLook
    /// The fence counts attempts, which a release takes back: a number comes again.
    case fenceIsAttempt
    /// Claiming is a look and then a write, without a lock between.
    case claimWithoutLock
    /// Neighbours bury whom they do not see, wherever it runs.
    case buriesTheLiving
    /// The sweeper goes on after an outage as if everybody had been heard meanwhile.
    case sweepsAfterOutage
  }

  enum Kind: Int, Hashable { case checkpoint, result, release }

  struct Message: Hashable {
    var kind: Kind
    var job: Int
    var fence: Int
    /// Who sends it, and which of its lives.
    var sender: Int
  }

  struct Job: Hashable {
    var isDone = false
    /// Of the claim, if there is one.
    var fence: Int?
    var holder = 0
    var attempts = 0
    var results = 0
    /// Processes that ended over it; after two it is set aside.
    var deaths = 0
  }

  enum Work: Hashable {
    case idle
    /// Has looked for a job and not yet claimed it (only with `claimWithoutLock`).
    case looked(job: Int)
    /// Holds the claim, as far as it knows.
    case holding(job: Int, fence: Int)
    /// Has sent something and waits for the answer.
    case waiting(Message)
  }

  struct Worker: Hashable {
    var life: Int
    var work = Work.idle
    /// A result on its disk, which outlives the process.
    var spooled: Message?
  }

  var jobs = [Job(), Job()]
  var workers = [Worker(life: 1), Worker(life: 101)]
  var inFlight: Set<Message> = []
  /// What the sweeper took for dead and has not freed yet.
  var suspect: Message?
  var nextFence = 1
  var deaths = 0
  /// The database is away; after that workers have a lease's time to be heard.
  var outage = Outage.none

  enum Outage: Hashable { case none, away, grace, over }

  /// What went wrong on the way here.
  var violation: String?

  /// Bounds that make the model finite.
  struct Bounds {
    var fences = 5
    var deaths = 2
    var inFlight = 2
    /// Whether neighbours bury each other, and the database may go away for a while.
    var hasOutages = false

    /// Smaller, since outages multiply what may happen.
    static let withOutages = Bounds(fences: 3, deaths: 2, inFlight: 1, hasOutages: true)
  }

  var isFinished: Bool { jobs.allSatisfy(\.isDone) }

  /// All states that one step leads to.
  func next(_ flaw: Flaw?, _ bounds: Bounds) -> [ProtocolModel] {
    // While the database is away nothing reaches it; processes may die.
    let served = outage == .away ? [] : deliveries(flaw) + sweeps(flaw)
    let found = workers.indices.flatMap { steps(of: $0, flaw, bounds) } + served
    guard bounds.hasOutages else { return found }
    return found + (outage == .away ? [] : burials(flaw)) + outages()
  }

  // MARK: Workers

  private func steps(of index: Int, _ flaw: Flaw?, _ bounds: Bounds) -> [ProtocolModel] {
    var found: [ProtocolModel] = []
    switch workers[index].work {
    case .idle where outage == .away: break
    case .idle:
      found += flaw == .claimWithoutLock ? looks(index) : claims(index, flaw, bounds)
    case .looked(let job):
      if nextFence <= bounds.fences, outage != .away { found.append(claimed(job, by: index, flaw)) }
    case .holding(let job, let fence):
      for kind in [Kind.checkpoint, .result, .release] where inFlight.count < bounds.inFlight {
        found.append(
          sent(Message(kind: kind, job: job, fence: fence, sender: workers[index].life), by: index))
      }
    case .waiting(let message):
      // The connection broke: it is sent once more, while the first may still arrive.
      if !inFlight.contains(message), inFlight.count < bounds.inFlight {
        found.append(sent(message, by: index))
      }
    }
    if deaths < bounds.deaths { found.append(died(index)) }
    if let spooled = workers[index].spooled, workers[index].work == .idle,
      inFlight.count < bounds.inFlight, !inFlight.contains(spooled)
    {
      found.append(sent(spooled, by: index))
    }

    return found
  }

  private func looks(_ index: Int) -> [ProtocolModel] {
    jobs.indices.filter { !jobs[$0].isDone && jobs[$0].fence == nil }.map { job in
      var model = self
      model.workers[index].work = .looked(job: job)
      return model
    }
  }

  private func claims(_ index: Int, _ flaw: Flaw?, _ bounds: Bounds) -> [ProtocolModel] {
    guard nextFence <= bounds.fences,
      let job = jobs.firstIndex(where: { !$0.isDone && $0.fence == nil })
    else { return [] }

    let claimed = claimed(job, by: index, flaw)
    var unanswered = claimed  // the answer got lost: the worker knows of nothing
    unanswered.workers[index].work = .idle
    return [claimed, unanswered]
  }

  /// A worker has one claim at a time: one that it does not know of is given back first.
  private func claimed(_ job: Int, by index: Int, _ flaw: Flaw?) -> ProtocolModel {
    var model = self
    for other in jobs.indices
    where jobs[other].fence != nil && jobs[other].holder == workers[index].life {
      model.free(other, isRelease: true)
    }
    if model.jobs[job].fence != nil || model.jobs[job].isDone {
      model.violation = "job \(job) is claimed while another has it"
    }

    model.jobs[job].attempts += 1
    let fence = flaw == .fenceIsAttempt ? model.jobs[job].attempts : model.nextFence
    model.nextFence += 1
    model.jobs[job].fence = fence
    model.jobs[job].holder = workers[index].life
    model.workers[index].work = .holding(job: job, fence: fence)

    return model
  }

  private func sent(_ message: Message, by index: Int) -> ProtocolModel {
    var model = self
    model.inFlight.insert(message)
    model.workers[index].work = .waiting(message)
    if message.kind == .result { model.workers[index].spooled = message }
    return model
  }

  private func died(_ index: Int) -> ProtocolModel {
    var model = self
    model.deaths += 1
    model.workers[index].life += 1
    model.workers[index].work = .idle
    return model
  }

  // MARK: The server

  private func deliveries(_ flaw: Flaw?) -> [ProtocolModel] {
    inFlight.flatMap { message -> [ProtocolModel] in
      var model = self
      model.inFlight.remove(message)
      let accepted = model.execute(message, flaw)
      var unanswered = model
      for index in workers.indices where workers[index].work == .waiting(message) {
        model.answer(index, message, accepted)
      }
      unanswered.violation = model.violation
      return [model, unanswered]
    }
  }

  /// The statement with its condition and its effect.
  private mutating func execute(_ message: Message, _ flaw: Flaw?) -> Bool {
    let job = jobs[message.job]
    let unfenced =
      flaw == .noFenceOnResults && message.kind == .result
      || flaw == .noFenceOnCheckpoints && message.kind == .checkpoint
      || flaw == .noFenceOnReleases && message.kind == .release
    guard !job.isDone, let fence = job.fence, unfenced || fence == message.fence else {
      return false
    }
    // A result that waited on the disk is offered by a later life of the same worker.
    let isOwn =
      message.kind == .result
      ? job.holder / 100 == message.sender / 100 && fence == message.fence
      : job.holder == message.sender
    if !isOwn || fence != message.fence {
      violation =
        "\(message.kind) of \(message.sender) for job \(message.job), which is \(job.holder)'s"
    }

    switch message.kind {
    case .checkpoint: break
    case .release: free(message.job, isRelease: true)
    case .result:
      jobs[message.job].results += 1
      jobs[message.job].isDone = true
      jobs[message.job].fence = nil
      if jobs[message.job].results > 1 { violation = "job \(message.job) has two results" }
    }

    return true
  }

  private mutating func answer(_ index: Int, _ message: Message, _ accepted: Bool) {
    if message.kind == .result { workers[index].spooled = nil }
    workers[index].work =
      accepted && message.kind == .checkpoint
      ? .holding(job: message.job, fence: message.fence) : .idle
  }

  private mutating func free(_ job: Int, isRelease: Bool) {
    jobs[job].fence = nil
    if isRelease { jobs[job].attempts -= 1 }
  }

  // MARK: The sweeper

  /// It may take anybody for dead, however wrongly: clocks and networks are not to be relied on. But
  /// not in the grace after an outage.
  private func sweeps(_ flaw: Flaw?) -> [ProtocolModel] {
    guard outage != .grace || flaw == .sweepsAfterOutage else { return [] }
    if let suspect {
      var model = self
      model.suspect = nil
      if let fence = jobs[suspect.job].fence,
        fence == suspect.fence || flaw == .sweeperTrustsOldLook
      {
        if outage == .grace, isAlive(suspect.sender) {
          model.violation = "a worker is taken for dead that had no time to be heard"
        }
        if fence != suspect.fence || jobs[suspect.job].holder != suspect.sender {
          model.violation = "a claim is freed that nobody took for dead"
        }
        model.free(suspect.job, isRelease: true)
      }
      return [model]
    }
    return jobs.indices.compactMap { job in
      guard let fence = jobs[job].fence else { return nil }
      var model = self
      model.suspect = Message(kind: .release, job: job, fence: fence, sender: jobs[job].holder)
      return model
    }
  }

  private func isAlive(_ life: Int) -> Bool { workers.contains { $0.life == life } }

  // MARK: Neighbours and outages

  /// A neighbour sees that a process has ended, and says so.
  private func burials(_ flaw: Flaw?) -> [ProtocolModel] {
    jobs.indices.compactMap { job in
      guard jobs[job].fence != nil, flaw == .buriesTheLiving || !isAlive(jobs[job].holder) else {
        return nil
      }
      var model = self
      if isAlive(jobs[job].holder) { model.violation = "a living worker is buried" }
      model.free(job, isRelease: true)
      model.jobs[job].deaths += 1
      // Set aside: nobody reads it again until somebody has looked at it.
      if model.jobs[job].deaths == 2 { model.jobs[job].isDone = true }
      return model
    }
  }

  private func outages() -> [ProtocolModel] {
    var model = self
    switch outage {
    case .none: model.outage = .away
    case .away:
      model.outage = .grace
      model.suspect = nil
    case .grace: model.outage = .over
    case .over: return []
    }
    return [model]
  }
}

/// Visits every state that can be reached.
struct Exploration {
  private(set) var states = 0
  private(set) var violation: String?
  /// States that nothing leads out of, with work left.
  private(set) var stuck = 0

  init(_ flaw: ProtocolModel.Flaw?, bounds: ProtocolModel.Bounds = .init()) {
    var seen: Set<ProtocolModel> = [ProtocolModel()]
    var open = [ProtocolModel()]
    while let model = open.popLast() {
      states += 1
      if let found = model.violation {
        violation = found
        return
      }
      let next = model.next(flaw, bounds)
      // Out of fences is out of the model, not out of luck.
      if next.isEmpty, !model.isFinished, model.nextFence <= bounds.fences { stuck += 1 }
      for model in next where seen.insert(model).inserted { open.append(model) }
    }
  }
}
