/// y = W x + b, with W [outputs, inputs] as it lies in the mapped file.
struct Linear {
  let outputs: Int
  let inputs: Int
  private let matrix: Weights
  private let bias: [Float]?

  enum Weights {
    case wide(WideWeights)
    case quantized(QuantizedWeights)
  }

  /// - Throws: `ModelError` when the tensor is missing or of another shape.
  init(_ weights: ModelWeights, _ name: String, outputs: Int, inputs: Int, bias: Bool = false)
    throws
  {
    self.outputs = outputs
    self.inputs = inputs
    matrix =
      weights.isQuantized(name)
      ? .quantized(try QuantizedWeights(weights, name, outputs: outputs, inputs: inputs))
      : .wide(WideWeights(try weights.tensor(name + ".weight", shape: [outputs, inputs])))
    self.bias = bias ? try weights.vector(name + ".bias", count: outputs) : nil
  }

  /// The matrix where they are quantized and the product needs nothing more.
  var quantizedWeights: QuantizedWeights? {
    if case .quantized(let matrix) = matrix, bias == nil { matrix } else { nil }
  }

  var isQuantized: Bool {
    if case .quantized = matrix { true } else { false }
  }

  /// y [rows, outputs] = x [rows, inputs] W^T + b.
  func callAsFunction(
    _ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>,
    _ workspace: Workspace
  ) {
    Self.apply([(self, y)], to: x, rows: rows, workspace)
  }

  /// Several products of the same x [rows, inputs], which is quantized once for all.
  /// - Parameter way: nil: by the rows.
  static func apply(
    _ products: [(linear: Linear, y: UnsafeMutablePointer<Float>)], to x: UnsafePointer<Float>,
    rows: Int, by way: ProductWay? = nil, _ workspace: Workspace
  ) {
    let way = way ?? .of(rows: rows)
    guard workspace.profile?.current == .mixing else {
      return multiply(products, x, rows: rows, way, workspace)
    }
    workspace.timed(.projections) { multiply(products, x, rows: rows, way, workspace) }
  }

  private static func multiply(
    _ products: [(linear: Linear, y: UnsafeMutablePointer<Float>)], _ x: UnsafePointer<Float>,
    rows: Int, _ way: ProductWay, _ workspace: Workspace
  ) {
    var quantized: [(QuantizedWeights, UnsafeMutablePointer<Float>)] = []
    for (linear, y) in products {
      switch linear.matrix {
      case .wide(let matrix): matrix.multiply(x, rows: rows, way, into: y, workspace)
      case .quantized(let matrix): quantized.append((matrix, y))
      }
    }

    if !quantized.isEmpty { QuantizedWeights.multiply(quantized, x, rows: rows, way, workspace) }
    for (linear, y) in products { linear.addBias(to: y, rows: rows, workspace.parallel) }
  }

  private func addBias(to y: UnsafeMutablePointer<Float>, rows: Int, _ parallel: Parallel) {
    guard let bias else { return }
    parallel.forRanges(rows, grain: 16) { range in
      for row in range {
        for output in 0..<outputs { y[row * outputs + output] += bias[output] }
      }
    }
  }

  /// x [inputs] = row of W, as an embedding table is read.
  func row(_ index: Int, into x: UnsafeMutablePointer<Float>) {
    switch matrix {
    case .wide(let matrix): matrix.row(index, into: x)
    case .quantized(let matrix): matrix.row(index, into: x)
    }
  }

  var parameters: Int { outputs * inputs + (bias?.count ?? 0) }

  /// Bytes that one product streams from memory.
  var byteCount: Int {
    switch matrix {
    case .wide(let matrix): matrix.byteCount
    case .quantized(let matrix): matrix.byteCount
    }
  }
}

extension ModelWeights {
  /// A one-dimensional tensor, widened to fp32.
  func vector(_ name: String, count: Int) throws -> [Float] { try values(name, shape: [count]) }

  /// All elements of a small tensor, widened to fp32.
  func values(_ name: String, shape: [Int]) throws -> [Float] {
    let tensor = try tensor(name, shape: shape)
    let values = tensor.rows(0, count: shape.dropLast().reduce(1, *))
    guard values.allSatisfy(\.isFinite) else { throw ModelError.notFinite(part: "tensor \(name)") }
    return values
  }

  /// Decays' slopes: with a negative one a state grows without bound.
  func slopes(_ name: String, shape: [Int]) throws -> [Float] {
    let slopes = try values(name, shape: shape)
    guard slopes.allSatisfy({ $0 >= 0 }) else {
      throw ModelError.unusable(part: "tensor \(name)", reason: "it holds a negative slope")
    }
    return slopes
  }
}
