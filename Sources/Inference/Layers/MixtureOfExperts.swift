import CKernels
import Foundation

/// y = sum over chosen experts of weight * expert(x), with weights by `ExpertRouting`.
/// A shared expert, which all tokens use, may be added.
struct MixtureOfExperts: FeedForward {
  enum SharedMode: String { case sigmoid, softmax }

  /// How a shared expert joins.
  enum Share {
    /// y = (1 - c) y + c shared(x), c from a learned coefficient (MiniMax-01's code).
    case mixed(coefficient: Linear, mode: SharedMode)
    /// y = y + shared(x).
    case added
  }

  struct SharedExpert {
    let mlp: GatedMLP
    let share: Share
  }

  let router: Linear  // [experts, hidden]
  let routing: ExpertRouting
  let experts: [GatedMLP]
  let shared: SharedExpert?

  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let hidden = router.inputs
    let scores = workspace.buffer("moe.scores", rows * experts.count)
    router(x, rows: rows, into: scores, workspace)
    var chosen = [[(row: Int, weight: Float)]](repeating: [], count: experts.count)
    for row in 0..<rows {
      let scores = UnsafeBufferPointer(start: scores + row * experts.count, count: experts.count)
      for (expert, weight) in routing.choose(scores) { chosen[expert].append((row, weight)) }
    }

    y.update(repeating: 0, count: rows * hidden)
    // Experts that no token chose are not touched, so their weights need not be in memory.
    for (index, rows) in chosen.enumerated() where !rows.isEmpty {
      add(experts[index], rows, x, into: y, workspace)
    }

    if let shared { mix(shared, x, rows: rows, into: y, workspace) }
  }

  private func add(
    _ expert: GatedMLP, _ chosen: [(row: Int, weight: Float)], _ x: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let hidden = router.inputs
    let input = workspace.buffer("moe.input", chosen.count * hidden)
    let output = workspace.buffer("moe.output", chosen.count * hidden)
    for (index, (row, _)) in chosen.enumerated() {
      (input + index * hidden).update(from: x + row * hidden, count: hidden)
    }

    expert(input, rows: chosen.count, into: output, workspace)
    for (index, (row, weight)) in chosen.enumerated() {
      kernels().pointee.axpby(y + row * hidden, output + index * hidden, 1, weight, Int64(hidden))
    }
  }

  private func mix(
    _ shared: SharedExpert, _ x: UnsafePointer<Float>, rows: Int,
    into y: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let hidden = router.inputs
    let output = workspace.buffer("moe.shared", rows * hidden)
    shared.mlp(x, rows: rows, into: output, workspace)
    guard case .mixed(let coefficient, let mode) = shared.share else {
      kernels().pointee.axpby(y, output, 1, 1, Int64(rows * hidden))
      return
    }
    let coefficients = workspace.buffer("moe.coefficient", rows)
    coefficient(x, rows: rows, into: coefficients, workspace)
    for row in 0..<rows {
      // A softmax over the single coefficient is 1: the published code does so too.
      let share = mode == .sigmoid ? 1 / (1 + exp(-coefficients[row])) : 1
      kernels().pointee.axpby(
        y + row * hidden, output + row * hidden, 1 - share, share, Int64(hidden))
    }
  }

  var parameters: ParameterCount {
    let each = experts.first?.parameters.total ?? 0
    var count = ParameterCount(total: each * experts.count, active: each * routing.active)
    count = count + ParameterCount(all: router.parameters)
    return shared.map { count + $0.mlp.parameters } ?? count
  }
}
