import CKernels
import Foundation

/// y = sum over the top-k experts of softmax(W_router x), renormalised over those k.
/// An optional shared expert is mixed in by a learned coefficient.
struct MixtureOfExperts: FeedForward {
  enum SharedMode: String { case sigmoid, softmax }

  struct SharedExpert {
    let mlp: GatedMLP
    let coefficient: Linear  // [1, hidden]
    let mode: SharedMode
  }

  let router: Linear  // [experts, hidden]
  let experts: [GatedMLP]
  let active: Int
  let shared: SharedExpert?

  func callAsFunction(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace) {
    let hidden = router.inputs
    let scores = workspace.buffer("moe.scores", rows * experts.count)
    router(x, rows: rows, into: scores, workspace)
    let routes = (0..<rows).map { route(UnsafeBufferPointer(start: scores + $0 * experts.count, count: experts.count)) }
    y.update(repeating: 0, count: rows * hidden)
    for (index, expert) in experts.enumerated() {
      let chosen = (0..<rows).compactMap { row in routes[row].first { $0.expert == index }.map { (row, $0.weight) } }
      if !chosen.isEmpty { add(expert, chosen, x, into: y, workspace) }
    }
    if let shared { mix(shared, x, rows: rows, into: y, workspace) }
  }

  /// The k best experts of one row and their weights.
  private func route(_ scores: UnsafeBufferPointer<Float>) -> [(expert: Int, weight: Float)] {
    let best = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(active)
    guard let top = best.first.map({ scores[$0] }) else { return [] }
    // A softmax over all, cut to k and renormalised, is the softmax over those k.
    let powers = best.map { exp(scores[$0] - top) }
    let sum = powers.reduce(0, +)
    return zip(best, powers).map { ($0, $1 / sum) }
  }

  private func add(
    _ expert: GatedMLP, _ chosen: [(row: Int, weight: Float)], _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
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
    _ shared: SharedExpert, _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let hidden = router.inputs
    let output = workspace.buffer("moe.shared", rows * hidden)
    let coefficients = workspace.buffer("moe.coefficient", rows)
    shared.mlp(x, rows: rows, into: output, workspace)
    shared.coefficient(x, rows: rows, into: coefficients, workspace)
    for row in 0..<rows {
      // A softmax over the single coefficient is 1: the published code does so too.
      let share = shared.mode == .sigmoid ? 1 / (1 + exp(-coefficients[row])) : 1
      kernels().pointee.axpby(y + row * hidden, output + row * hidden, 1 - share, share, Int64(hidden))
    }
  }
}
