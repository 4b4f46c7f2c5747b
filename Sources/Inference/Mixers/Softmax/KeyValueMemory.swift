/// What of the past an attention layer keeps.
enum KeyValueMemory {
  case softmax
  case window(size: Int, sinks: Int)
  case bounded(BoundedLimits)
  /// A window, and a linear branch for what left it.
  case lightning(size: Int, sinks: Int, LinearBranch)

  var branch: LinearBranch? {
    if case .lightning(_, _, let branch) = self { branch } else { nil }
  }

  /// The branch sees nothing before a token that is no sink has left the window.
  func branchOperations(at depth: Int) -> Double {
    if case .lightning(let size, let sinks, let branch) = self, depth >= size + sinks {
      branch.operations
    } else {
      0
    }
  }

  var kind: MixerKind {
    switch self {
    case .softmax: .softmax
    case .window: .window
    case .bounded: .bounded
    case .lightning: .lightning
    }
  }

  /// How its numbers are kept, unless a state is made otherwise.
  var precision: StoredPrecision { kind == .softmax ? .float16 : .float32 }

  /// Entries that are in memory after this many tokens.
  func kept(at depth: Int) -> Int {
    switch self {
    case .softmax: depth
    case .window(let size, let sinks): min(depth, WindowState.mostEntries(size) + sinks)
    case .lightning(let size, let sinks, _):
      min(depth, WindowState.mostEntries(LinearBranchState.kept(size)) + sinks)
    case .bounded(let limits):
      min(depth, limits.sinks + limits.kept + limits.window + ReadingGrid.block)
    }
  }

  /// Keys that a token at this depth sees.
  func visible(at depth: Int) -> Int {
    switch self {
    case .softmax: depth + 1
    case .window(let size, let sinks): min(depth + 1, size + sinks)
    // Half a step more on average.
    case .lightning(let size, let sinks, _): min(depth + 1, size + LinearBranch.step / 2 + sinks)
    // Between two closed blocks the newest tokens are kept too: half a block on average.
    case .bounded(let limits):
      min(depth + 1, limits.sinks + limits.kept + limits.window + ReadingGrid.block / 2)
    }
  }
}
