import Digests
import Dispatch
import Foundation
import Inference
import Jobs
import Logging
import Reading
import Results
import Synchronization

/// Finds a kept reading to go on from, and keeps this one: its state at the end, and at a few
/// places before it that get closer to the end, for documents that change there. Packing and sending
/// run on a queue of their own, as a checkpoint's do.
final class Keeper: Sendable {
  /// Places before the end, at most.
  private static let mostPlaces = 8
  /// Tokens that have to lie between one and the end: fewer are soon read again.
  private static let leastTokens = 8192
  /// Of a state, not compressed.
  private static let mostBytes = 512 << 20
  /// Seconds for the last save, once the answer is there.
  private static let patience = 20

  private struct State {
    var trail: ReadingTrail?
    var plan: KeepPlan?
    /// Tokens after which a state is to be kept, ascending.
    var places: [Int] = []
    /// Tokens whose pages are kept, with what stands before the document.
    var pagedTo = 0
    var isSaving = false
    /// Tokens that the reading went on from: nothing is new up to there.
    var reused = 0
    var isKept = false
    /// What the reading went on from.
    var used: KeptCandidate?
    var note: String?
  }

  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "docproc.keeper")
  private let connect: @Sendable () throws -> any WorkerQueue
  private let claim: Claim
  private let modelSHA256: String
  private let cache: ReadingCache
  private let keeps: Bool
  private let logger: Logger

  /// - Parameter keeps: false where the order says that nothing is to be kept.
  init(
    _ connect: @escaping @Sendable () throws -> any WorkerQueue, _ claim: Claim,
    modelSHA256: String, cache: ReadingCache, keeps: Bool, logger: Logger
  ) {
    self.connect = connect
    self.claim = claim
    self.modelSHA256 = modelSHA256
    self.cache = cache
    self.keeps = keeps
    self.logger = logger
  }

  /// True once the reading's end is kept, by this job or by another before.
  var isKept: Bool { state.withLock { $0.isKept } }

  /// Why nothing was kept, where the reader should know.
  var note: String? { state.withLock { $0.note } }

  private func kind(_ trail: ReadingTrail) -> String {
    let parts = ["kept \(ReadingArchive.version)", modelSHA256, trail.focus ?? ""]
    return SHA256.hex(of: parts.map(SHA256.hex(of:)).joined(separator: " "))
  }

  // MARK: Finding

  /// Where a kept reading of the trail's first tokens, or of all, can be gone on from.
  func find(_ trail: ReadingTrail) -> ResumePoint? {
    do {
      let queue = try connect()
      let found = try queue.kept(kind: kind(trail), atMost: trail.ids.count, claim)
      let digests = trail.digests(after: found.map(\.tokens))
      // What layers with a choice keep for a question depends on what comes later too.
      let fitting = found.filter { candidate in
        let isWhole = candidate.tokens == trail.ids.count
        // Between lines of the grid the same ids may round otherwise.
        let isOnGrid = (trail.opening.count + candidate.tokens) % ReadingGrid.block == 0
        return digests[candidate.tokens] == candidate.idsSHA256
          && (isWhole || isOnGrid && trail.focus == nil)
      }
      for candidate in fitting {
        if let point = try load(candidate, queue) { return point }
      }
    } catch {
      warn("kept readings were not looked at", error)
    }
    return nil
  }

  private func load(_ candidate: KeptCandidate, _ queue: any WorkerQueue) throws -> ResumePoint? {
    for isLocal in [true, false] {
      let loaded = try queue.load(candidate, claim) { isLocal ? cache.payload($0) : nil }
      guard let saved = loaded else { return nil }
      do {
        let point = ResumePoint(
          tokens: saved.tokens, seconds: saved.seconds, archive: try saved.state.expanded(),
          pages: try saved.pages.map { try $0.data.expanded() }, isKept: true)
        cache.store(saved.state.payload, saved.state.sha256)
        try? queue.use(candidate, claim)
        state.withLock { state in
          state.reused = point.tokens
          state.used = candidate
          state.isKept = point.tokens == state.trail?.ids.count
          if saved.isa != ComputeBackend.isa {
            state.note =
              "a reading was kept by \(saved.isa) kernels; here are \(ComputeBackend.isa)"
          }
        }
        logger.notice(
          "a kept reading is gone on from",
          metadata: ["job": "\(claim.job)", "tokens": "\(point.tokens)"])
        return point
      } catch {
        // On the disk first, where it may be fetched anew.
        cache.remove(saved.state.sha256)
        if !isLocal { discard(candidate, error, queue) }
      }
    }
    return nil
  }

  /// What `find` gave turned out to be damaged: nobody shall try it again.
  func unusable(_ error: any Error) {
    guard let candidate = state.withLock({ $0.used }) else { return }
    state.withLock { state in
      state.reused = 0
      state.isKept = false
    }
    do { discard(candidate, error, try connect()) } catch { warn("not deleted", error) }
  }

  private func discard(_ candidate: KeptCandidate, _ error: any Error, _ queue: any WorkerQueue) {
    warn("a kept reading is damaged and is deleted", error)
    try? queue.drop(candidate, claim)
  }

  // MARK: Keeping

  /// Learns what will be read, and chooses where states are kept.
  func begins(_ trail: ReadingTrail) {
    guard keeps else { return }
    do {
      let plan = try connect().keepPlan(claim)
      state.withLock { state in
        state.trail = trail
        state.plan = plan
        // What layers with a choice keep for a question fits no other text.
        state.places = trail.focus == nil ? Self.places(trail) : []
      }
    } catch {
      warn("the reading will not be kept", error)
    }
  }

  /// Halfway to the end, halfway again, and so on, each on the grid.
  static func places(_ trail: ReadingTrail) -> [Int] {
    let total = trail.ids.count
    let all = (1...mostPlaces).map { total >> $0 }.filter { $0 >= leastTokens }.map { rest in
      let position = trail.opening.count + total - rest
      return position / ReadingGrid.block * ReadingGrid.block - trail.opening.count
    }
    return Array(Set(all.filter { $0 > 0 })).sorted()
  }

  /// Keeps the moment if it is one of the places.
  func offer(_ moment: ReadingMoment) {
    let isWanted = state.withLock { state in
      guard let plan = state.plan, let next = state.places.first, !state.isSaving,
        moment.tokens >= next
      else { return false }
      state.places.removeAll { $0 <= moment.tokens }
      return moment.tokens > state.reused && moment.seconds >= plan.leastSeconds
    }
    if isWanted { keep(moment, isEnd: false) }
  }

  /// Keeps the reading's end, without waiting for it.
  func ended(_ moment: ReadingMoment) {
    let isWanted = state.withLock { state in
      guard let plan = state.plan, !state.isKept else { return false }
      return moment.seconds >= plan.leastSeconds
    }
    if isWanted { keep(moment, isEnd: true) }
  }

  private func keep(_ moment: ReadingMoment, isEnd: Bool) {
    let copy = StateCopy(moment, isGeneral: true)
    state.withLock { $0.isSaving = true }
    queue.async { [self] in
      do { try send(copy, isEnd: isEnd) } catch { warn("the reading is not kept", error) }
      state.withLock { $0.isSaving = false }
      ReadingState.returnFreedMemory()
    }
  }

  private func send(_ copy: StateCopy, isEnd: Bool) throws {
    let (trail, paged, most) = state.withLock { ($0.trail, $0.pagedTo, $0.plan?.mostBytes ?? 0) }
    guard let trail, let digest = trail.digests(after: [copy.tokens])[copy.tokens] else { return }
    // Keys and values of every token go in one message, which Postgres does not take at any size.
    guard copy.byteCount <= Self.mostBytes else {
      let said = "the reading takes \(copy.byteCount) bytes, more than can be kept"
      return state.withLock { $0.note = said }
    }
    let packed = try copy.packed(key: "", pagesFrom: paged)
    let bytes = packed.state.payload.count + (packed.pages.last?.data.payload.count ?? 0)
    guard bytes <= most else {
      let said = "the reading takes \(bytes) bytes and was not kept: keep_readings_bytes is \(most)"
      return state.withLock { $0.note = said }
    }
    let kept = KeptState(
      kind: kind(trail), focus: trail.focus, modelSHA256: modelSHA256, idsSHA256: digest,
      position: copy.position, isEnd: isEnd, checkpoint: packed)
    guard try connect().keep(kept, claim) else {
      // Pages before these may be gone: the next one comes with all.
      return state.withLock { $0.pagedTo = 0 }
    }
    if isEnd { cache.store(packed.state.payload, packed.state.sha256) }
    state.withLock { state in
      state.isKept = state.isKept || isEnd
      if let page = packed.pages.last { state.pagedTo = page.endToken }
    }
    logger.info(
      "kept", metadata: ["job": "\(claim.job)", "tokens": "\(copy.tokens)", "bytes": "\(bytes)"])
  }

  /// Waits until what is being kept is there, for a while.
  func drain() {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    _ = done.wait(timeout: .now() + .seconds(Self.patience))
  }

  private func warn(_ what: String, _ error: any Error) {
    logger.warning(
      "\(what)", metadata: ["job": "\(claim.job)", "error": "\(error)"])
  }
}
