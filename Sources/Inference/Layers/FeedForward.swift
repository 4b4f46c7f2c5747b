import CKernels

/// The part of a layer that treats each position alone.
protocol FeedForward {
  /// True where a row uses a part of the weights.
  var isSparse: Bool { get }

  /// y [rows, hidden] from x [rows, hidden].
  /// - Parameter stepRows: rows of one of the steps that are put together here. By them it is chosen
  ///   how to multiply, so that a row's numbers do not depend on how many steps there are.
  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, ofStep stepRows: Int,
    into y: UnsafeMutablePointer<Float>, _ workspace: Workspace)

  /// Parameters, and those that one token's computation uses.
  var parameters: ParameterCount { get }
}

/// y = W_down(act(W_gate x) * W_up x); with SiLU that is SwiGLU (arXiv 2002.05202).
struct GatedMLP: FeedForward {
  enum Activation { case silu, none }

  let gate: Linear  // [intermediate, hidden]
  let up: Linear  // [intermediate, hidden]
  let down: Linear  // [hidden, intermediate]
  var activation = Activation.silu

  var isSparse: Bool { false }

  var isQuantized: Bool { [gate, up, down].allSatisfy(\.isQuantized) }

  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, ofStep stepRows: Int,
    into y: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    self(x, rows: rows, .of(rows: stepRows), into: y, workspace)
  }

  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, _ way: ProductWay,
    into y: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    if way == .matrix, activation == .silu, let gate = gate.quantizedWeights,
      let up = up.quantizedWeights,
      let down = down.quantizedWeights

    {
      return QuantizedWeights.gatedMultiply(
        gate: gate, up: up, down: down, x, rows: rows, into: y, workspace)
    }
    let gated = workspace.buffer("mlp.gate", rows * gate.outputs)
    let raised = workspace.buffer("mlp.up", rows * gate.outputs)
    Linear.apply([(gate, gated), (up, raised)], to: x, rows: rows, by: way, workspace)
    workspace.parallel.forRanges(rows, grain: 8) { range in
      let start = range.lowerBound * gate.outputs
      let count = Int64(range.count * gate.outputs)
      switch activation {
      case .silu: kernels().pointee.silu_mul(gated + start, raised + start, count)
      case .none: kernels().pointee.mul(gated + start, raised + start, count)
      }
    }
    Linear.apply([(down, y)], to: gated, rows: rows, by: way, workspace)
  }

  var parameters: ParameterCount {
    ParameterCount(all: gate.parameters + up.parameters + down.parameters)
  }
}

extension GatedMLP {
  /// `PREFIX` + names of the three projections.
  init(
    _ weights: ModelWeights, _ prefix: String,
    _ names: (gate: String, up: String, down: String) = ("gate_proj", "up_proj", "down_proj"),
    intermediate: Int, hidden: Int, activation: Activation = .silu
  ) throws {
    gate = try Linear(weights, prefix + names.gate, outputs: intermediate, inputs: hidden)
    up = try Linear(weights, prefix + names.up, outputs: intermediate, inputs: hidden)
    down = try Linear(weights, prefix + names.down, outputs: hidden, inputs: intermediate)
    self.activation = activation
  }
}
