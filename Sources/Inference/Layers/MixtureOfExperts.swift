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

  var isSparse: Bool { true }

  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, ofStep stepRows: Int,
    into y: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let hidden = router.inputs
    let way = ProductWay.of(rows: stepRows)
    var chosen = [[(row: Int, weight: Float)]](repeating: [], count: experts.count)
    let steps = stride(from: 0, to: rows, by: stepRows).map { $0..<min(rows, $0 + stepRows) }
    for step in steps { choose(x, step, way, into: &chosen, workspace) }

    y.update(repeating: 0, count: rows * hidden)
    // Experts that no token chose are not touched, so their weights need not be in memory.
    let expertWay = ProductWay.of(rows: max(1, stepRows * routing.active / experts.count))
    for (index, rows) in chosen.enumerated() where !rows.isEmpty {
      // Products with wide weights have other last bits for other numbers of rows.
      let parts =
        experts[index].isQuantized ? [rows[...]] : rows.chunked { $0.row / stepRows }
      for part in parts { add(experts[index], part, expertWay, x, into: y, workspace) }
    }

    guard let shared else { return }
    for step in steps {
      let first = step.lowerBound * hidden
      mix(shared, x + first, rows: step.count, way, into: y + first, workspace)
    }
  }

  /// Of rows of x: which experts they use.
  private func choose(
    _ x: UnsafePointer<Float>, _ step: Range<Int>, _ way: ProductWay,
    into chosen: inout [[(row: Int, weight: Float)]], _ workspace: Workspace
  ) {
    let count = experts.count
    let scores = workspace.buffer("moe.scores", step.count * count)
    let first = x + step.lowerBound * router.inputs
    Linear.apply([(router, scores)], to: first, rows: step.count, by: way, workspace)
    for row in step {
      let own = UnsafeBufferPointer(start: scores + (row - step.lowerBound) * count, count: count)
      for (expert, weight) in routing.choose(own) { chosen[expert].append((row, weight)) }
    }
  }

  private func add(
    _ expert: GatedMLP, _ chosen: ArraySlice<(row: Int, weight: Float)>, _ way: ProductWay,
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    let hidden = router.inputs
    let input = workspace.buffer("moe.input", chosen.count * hidden)
    let output = workspace.buffer("moe.output", chosen.count * hidden)
    for (index, (row, _)) in chosen.enumerated() {
      (input + index * hidden).update(from: x + row * hidden, count: hidden)
    }

    expert(input, rows: chosen.count, way, into: output, workspace)
    for (index, (row, weight)) in chosen.enumerated() {
      kernels().pointee.axpby(y + row * hidden, output + index * hidden, 1, weight, Int64(hidden))
    }
  }

  private func mix(
    _ shared: SharedExpert, _ x: UnsafePointer<Float>, rows: Int, _ way: ProductWay,
    into y: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let hidden = router.inputs
    let output = workspace.buffer("moe.shared", rows * hidden)
    shared.mlp(x, rows: rows, way, into: output, workspace)
    guard case .mixed(let coefficient, let mode) = shared.share else {
      kernels().pointee.axpby(y, output, 1, 1, Int64(rows * hidden))
      return
    }
    let coefficients = workspace.buffer("moe.coefficient", rows)
    Linear.apply([(coefficient, coefficients)], to: x, rows: rows, by: way, workspace)
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

extension Array {
  /// Runs of elements with the same key.
  fileprivate func chunked(by key: (Element) -> Int) -> [ArraySlice<Element>] {
    var chunks: [ArraySlice<Element>] = []
    var start = 0
    for index in 1..<Swift.max(count, 1) where key(self[index]) != key(self[start]) {
      chunks.append(self[start..<index])
      start = index
    }
    return isEmpty ? [] : chunks + [self[start...]]
  }
}
