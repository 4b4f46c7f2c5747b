import CKernels

/// Weights [outputs, inputs] in 8 or 4 bits, multiplied with 8-bit activations: one
/// scale for 64 of a row's, found as they come, and exact sums in 32-bit integers.
///
/// The panels (see CIntegerKernels.h) are used as they lie in the mapped file, so all
/// workers of a host share them.
struct QuantizedWeights {
  enum Format {
    case int8
    case int4
  }

  /// Up to here 4-bit weights are used with their own groups' scales; for more rows,
  /// which are limited by arithmetic and not by memory, panels are expanded to 8 bits.
  private static let vectorRows = 4
  /// Activation rows that one product takes: with 1,536 inputs they fill half of a core's L2.
  private static let rowTile = 258

  private let format: Format
  private let panels: Tensor
  private let outputs: Int
  private let inputs: Int

  /// - Throws: `ModelError` when the packed tensor is not of the layer's shape.
  init(_ checkpoint: Checkpoint, _ name: String, outputs: Int, inputs: Int) throws {
    let panels = try checkpoint.packedTensor(name + ".weight")
    let known: [(Format, [Int])] = [
      (.int8, QuantizedLayout.int8Shape(outputs: outputs, inputs: inputs)),
      (.int4, QuantizedLayout.int4Shape(outputs: outputs, inputs: inputs)),
    ]
    guard let (format, _) = known.first(where: { $0.1 == panels.shape }) else {
      throw ModelError.wrongShape(name: name + ".weight", expected: known[0].1, found: panels.shape)
    }
    (self.format, self.panels, self.outputs, self.inputs) = (format, panels, outputs, inputs)
  }

  var byteCount: Int { panels.bytes.count }

  private var panelBytes: Int { panels.bytes.count / panels.shape[0] }

  private func panel(_ index: Int) -> UnsafePointer<UInt8> {
    let base = panels.bytes.baseAddress.unsafelyUnwrapped + index * panelBytes
    return base.assumingMemoryBound(to: UInt8.self)
  }

  func row(_ index: Int, into x: UnsafeMutablePointer<Float>) {
    let (panel, column) = (panel(index / QuantizedLayout.columns), Int64(index % QuantizedLayout.columns))
    switch format {
    case .int8: unpack_row8(x, panel, column, Int64(inputs))
    case .int4: unpack_row4(x, panel, column, Int64(inputs))
    }
  }

  /// y [rows, outputs] = x [rows, inputs] W^T for several W of the same inputs.
  static func multiply(
    _ products: [(weights: QuantizedWeights, y: UnsafeMutablePointer<Float>)], _ x: UnsafePointer<Float>, rows: Int,
    _ workspace: Workspace
  ) {
    let activations = QuantizedActivations(x, rows: rows, columns: products[0].weights.inputs, workspace)
    let tasks = rows <= vectorRows ? vectorTasks(products, workspace.parallel.threads) : matrixTasks(products, rows: rows)
    workspace.parallel.forEach(tasks.count) { thread, item in
      let task = tasks[item]
      let (weights, y) = products[task.product]
      let range = task.rows ?? 0..<rows
      weights.multiply(activations, panels: task.panels, rows: range, into: y, workspace.scratch(thread))
    }
  }

  private struct Task {
    let product: Int
    let panels: Range<Int>
    let rows: Range<Int>?
  }

  /// For few rows each thread streams one stretch of every W.
  private static func vectorTasks(_ products: [(weights: QuantizedWeights, y: UnsafeMutablePointer<Float>)], _ threads: Int) -> [Task] {
    (0..<threads).flatMap { thread in
      products.indices.map { index in
        let count = products[index].weights.panels.shape[0]
        return Task(product: index, panels: count * thread / threads..<count * (thread + 1) / threads, rows: nil)
      }
    }.sorted { $0.product < $1.product }
  }

  /// For many rows a task is one panel, which stays in L1, and a tile of rows, which stays in L2.
  private static func matrixTasks(_ products: [(weights: QuantizedWeights, y: UnsafeMutablePointer<Float>)], rows: Int) -> [Task] {
    products.indices.flatMap { index in
      (0..<products[index].weights.panels.shape[0]).flatMap { panel in
        stride(from: 0, to: rows, by: rowTile).map { first in
          Task(product: index, panels: panel..<panel + 1, rows: first..<min(rows, first + rowTile))
        }
      }
    }
  }

  private func multiply(
    _ x: QuantizedActivations, panels range: Range<Int>, rows: Range<Int>, into y: UnsafeMutablePointer<Float>, _ scratch: BufferPool
  ) {
    guard !range.isEmpty else { return }
    let column = range.lowerBound * QuantizedLayout.columns
    let columns = min(outputs, range.upperBound * QuantizedLayout.columns) - column
    let target = y + rows.lowerBound * outputs + column
    let table = integer_kernels().pointee
    withUnsafePointer(to: x.rows) { x in
      let (first, count) = (Int64(rows.lowerBound), Int64(rows.count))
      switch format {
      case .int8:
        table.matmul8(target, Int64(outputs), x, first, count, panel(range.lowerBound), Int64(columns))
      case .int4 where rows.count <= Self.vectorRows:
        table.matvec4(target, Int64(outputs), x, first, count, panel(range.lowerBound), Int64(columns))
      case .int4:
        let wide: UnsafeMutablePointer<UInt8> = scratch.integers("expanded", QuantizedLayout.int8PanelBytes(inputs: inputs))
        table.expand4(wide, panel(range.lowerBound), Int64(QuantizedLayout.padded(inputs)))
        table.matmul8(target, Int64(outputs), x, first, count, wide, Int64(columns))
      }
    }
  }
}

/// x [rows, columns] in 8 bits, in the workspace.
struct QuantizedActivations {
  let rows: quantized_rows

  init(_ x: UnsafePointer<Float>, rows count: Int, columns: Int, _ workspace: Workspace) {
    let stride = QuantizedLayout.padded(columns)
    var rows = quantized_rows()
    rows.values = workspace.shared.integers("quantized.values", count * stride)
    rows.stride = Int64(stride)
    rows.scales = workspace.buffer("quantized.scales", count * stride / Int(INT8_GROUP))
    rows.sums = workspace.shared.integers("quantized.sums", count * stride / Int(INT4_GROUP))
    self.rows = rows
    workspace.parallel.forRanges(count, grain: 16) { range in
      var part = rows
      integer_kernels().pointee.quantize_rows8(&part, x, Int64(range.lowerBound), Int64(range.count), Int64(columns))
    }
  }
}

/// Shapes of packed tensors in a file.
enum QuantizedLayout {
  static let columns = Int(PANEL_COLUMNS)

  static func panels(_ outputs: Int) -> Int { (outputs + columns - 1) / columns }

  /// Inputs in whole groups.
  static func padded(_ inputs: Int) -> Int { (inputs + Int(INT8_GROUP) - 1) / Int(INT8_GROUP) * Int(INT8_GROUP) }

  /// [panels, groups of inputs, bytes of a block]
  static func int8Shape(outputs: Int, inputs: Int) -> [Int] {
    [panels(outputs), padded(inputs) / Int(INT8_GROUP), Int(INT8_BLOCK_BYTES)]
  }

  static func int4Shape(outputs: Int, inputs: Int) -> [Int] {
    [panels(outputs), padded(inputs) / Int(INT4_GROUP), Int(INT4_BLOCK_BYTES)]
  }

  static func int8PanelBytes(inputs: Int) -> Int { int8Shape(outputs: 1, inputs: inputs).reduce(1, *) }
}
