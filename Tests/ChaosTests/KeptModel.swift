/// A small model of kept readings: two tenants with a document each, a worker that loads and one
/// that keeps, and somebody who makes room; statements are atomic, and anything may happen between
/// two of them. A state fits only the pages of the same making: other kernels make other numbers.
struct KeptModel: Hashable {
  /// Ways to get it wrong.
  enum Flaw: CaseIterable {
    /// State and pages are loaded without a lock between.
    case loadsWithoutLock
    /// What begins anew leaves states of an earlier making.
    case keepsBesideOld
    /// Whoever asks finds the states of all tenants.
    case findsAllTenants
    /// A damaged state is used as it is.
    case trustsDamage
    /// A keeper whose claim was lost writes all the same.
    case noFence
  }

  struct State: Hashable {
    var tenant: Int
    /// Whose pages it fits.
    var making: Int
    var isDamaged = false
  }

  enum Load: Hashable {
    case idle
    /// Has found a state and not loaded it yet.
    case found(tenant: Int)
    /// Has the state, and not its pages.
    case half(State)
    case done
  }

  /// At most one state for each tenant; the pages of each by their making.
  var states: [State?] = [nil, nil]
  var pages: [Int?] = [nil, nil]
  /// The loader works for tenant 0.
  var load = Load.idle
  var nextMaking = 1
  /// The keeper's claim was lost, and its message is still on the way.
  var lostKeeper = false
  var damages = 0
  var readAnew = 0
  var violation: String?

  /// Makings, losses and damages that are looked at.
  static let most = 3

  private var isLocked: Bool {
    if case .half = load { return true }
    return false
  }

  func next(_ flaw: Flaw?) -> [KeptModel] {
    keeps(flaw) + evictions(flaw) + damaged() + loads(flaw)
  }

  // MARK: Writers

  private func keeps(_ flaw: Flaw?) -> [KeptModel] {
    guard nextMaking <= Self.most else { return [] }
    var found: [KeptModel] = []
    for tenant in states.indices where tenant != 0 || !isLocked || flaw == .loadsWithoutLock {
      var model = self
      model.nextMaking += 1
      model.pages[tenant] = nextMaking
      if flaw != .keepsBesideOld || states[tenant] == nil {
        model.states[tenant] = State(tenant: tenant, making: nextMaking)
      }
      found.append(model)
    }
    if !lostKeeper {
      var model = self
      model.lostKeeper = true
      found.append(model)
    } else if flaw == .noFence {
      var model = self
      model.violation = "a reading is kept under a claim that was lost"
      found.append(model)
    }
    return found
  }

  private func evictions(_ flaw: Flaw?) -> [KeptModel] {
    states.indices.compactMap { tenant in
      guard states[tenant] != nil, tenant != 0 || !isLocked || flaw == .loadsWithoutLock else {
        return nil
      }
      var model = self
      model.states[tenant] = nil
      model.pages[tenant] = nil
      return model
    }
  }

  private func damaged() -> [KeptModel] {
    guard damages < 1 else { return [] }
    return states.indices.compactMap { tenant in
      guard states[tenant] != nil else { return nil }
      var model = self
      model.damages += 1
      model.states[tenant]?.isDamaged = true
      return model
    }
  }

  // MARK: The loader

  private func loads(_ flaw: Flaw?) -> [KeptModel] {
    var model = self
    switch load {
    case .done: return []
    case .idle:
      let wanted = states.indices.filter {
        states[$0] != nil && ($0 == 0 || flaw == .findsAllTenants)
      }
      if wanted.isEmpty { return [anew()] }
      return wanted.map { tenant in
        var model = self
        model.load = .found(tenant: tenant)
        return model
      }
    case .found(let tenant):
      guard let state = states[tenant] else { return [anew()] }
      model.load = .half(state)
      if state.tenant != 0 { model.violation = "another tenant's reading is loaded" }
    case .half(let state):
      // Without its pages, or with damage, it is read anew.
      guard let made = pages[state.tenant] else { return [anew()] }
      if state.isDamaged, flaw != .trustsDamage { return [anew()] }
      if state.isDamaged { model.violation = "a damaged state is gone on from" }
      if made != state.making { model.violation = "a state is joined with another's pages" }
      model.load = .done
    }
    return [model]
  }

  private func anew() -> KeptModel {
    var model = self
    model.load = .done
    model.readAnew += 1
    return model
  }
}

/// Visits every state of the model that can be reached.
struct KeptExploration {
  private(set) var states = 0
  private(set) var violation: String?
  /// Ways in which the loader came to an end.
  private(set) var ended = 0

  init(_ flaw: KeptModel.Flaw?) {
    var seen: Set<KeptModel> = [KeptModel()]
    var open = [KeptModel()]
    while let model = open.popLast() {
      states += 1
      if model.load == .done { ended += 1 }
      if let found = model.violation {
        violation = found
        return
      }
      for next in model.next(flaw) where seen.insert(next).inserted { open.append(next) }
    }
  }
}
