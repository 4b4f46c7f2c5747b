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

  /// Rows that a kernel streams the weights for at once.
  private static let vectorRows = 4
  /// Activation rows that one product takes: with 1,536 inputs they fill half of a core's L2.
  private static let rowTile = 258

  private let format: Format
  private let panels: Tensor
  private let outputs: Int
  private let inputs: Int

  /// - Throws: `ModelError` when the packed tensor is not of the layer's shape.
  init(_ weights: ModelWeights, _ name: String, outputs: Int, inputs: Int) throws {
    let panels = try weights.packedTensor(name + ".weight")
    let known: [(Format, [Int])] = [
      (.int8, QuantizedLayout.int8Shape(outputs: outputs, inputs: inputs)),
      (.int4, QuantizedLayout.int4Shape(outputs: outputs, inputs: inputs)),
    ]
    guard let (format, _) = known.first(where: { $0.1 == panels.shape }) else {
      throw ModelError.wrongShape(name: name + ".weight", expected: known[0].1, found: panels.shape)
    }
    self.format = format
    self.panels = panels
    self.outputs = outputs
    self.inputs = inputs
  }

  var byteCount: Int { panels.bytes.count }

  private var panelBytes: Int { panels.bytes.count / panels.shape[0] }

  private func panel(_ index: Int) -> UnsafePointer<UInt8> {
    let base = panels.bytes.baseAddress.unsafelyUnwrapped + index * panelBytes
    return base.assumingMemoryBound(to: UInt8.self)
  }

  func row(_ index: Int, into x: UnsafeMutablePointer<Float>) {
    let panel = panel(index / QuantizedLayout.columns)
    let column = Int64(index % QuantizedLayout.columns)
    switch format {
    case .int8: unpack_row8(x, panel, column, Int64(inputs))
    case .int4: unpack_row4(x, panel, column, Int64(inputs))
    }
  }

  /// y [rows, outputs] = x [rows, inputs] W^T for several W of the same inputs. As vectors, 4-bit
  /// weights are used with their own groups' scales; as matrices, which are limited by arithmetic
  /// and not by memory, panels are expanded to 8 bits.
  static func multiply(
    _ products: [(weights: QuantizedWeights, y: UnsafeMutablePointer<Float>)],
    _ x: UnsafePointer<Float>, rows: Int, _ way: ProductWay,
    _ workspace: Workspace
  ) {
    let activations = QuantizedActivations(
      x, rows: rows, columns: products[0].weights.inputs, workspace)
    switch way {
    case .vectors: multiplyVectors(products, activations, rows: rows, workspace.parallel)
    case .matrix: multiplyMatrix(products, activations, rows: rows, workspace)
    }
  }

  /// For few rows each thread streams an equal stretch of all W's columns.
  private static func multiplyVectors(
    _ products: [(weights: QuantizedWeights, y: UnsafeMutablePointer<Float>)],
    _ x: QuantizedActivations, rows: Int, _ parallel: Parallel
  ) {
    let unit = Int(COLUMN_UNIT)
    let total = products.reduce(0) { $0 + ($1.weights.outputs + unit - 1) / unit }
    let parts = min(parallel.threads, total)
    parallel.forEach(parts) { _, part in
      var start = 0
      var range = total * part / parts..<total * (part + 1) / parts
      for (weights, y) in products {
        let units = (weights.outputs + unit - 1) / unit
        let own = range.clamped(to: start..<start + units)
        if !own.isEmpty {
          weights.multiplyUnits(
            x, own.lowerBound - start..<own.upperBound - start, rows: rows, into: y)
        }
        start += units
        range = max(range.lowerBound, start)..<max(range.upperBound, start)
      }
    }
  }

  private func multiplyUnits(
    _ x: QuantizedActivations, _ units: Range<Int>, rows: Int, into y: UnsafeMutablePointer<Float>
  ) {
    let start = units.lowerBound * Int(COLUMN_UNIT)
    let end = min(outputs, units.upperBound * Int(COLUMN_UNIT))
    let table = integer_kernels().pointee
    let kernel = format == .int8 ? table.matvec8 : table.matvec4
    // For more rows than a kernel takes, panel by panel: what was streamed is in cache for the next.
    let step = rows > Self.vectorRows ? QuantizedLayout.columns : end
    var first = start
    while first < end {
      let next = min(end, (first / step + 1) * step)
      for row in stride(from: 0, to: rows, by: Self.vectorRows) {
        var own = x.from(row: row)
        kernel?(
          y + row * outputs + first, Int64(outputs), &own, Int64(min(Self.vectorRows, rows - row)),
          panel(0), Int64(first), Int64(next - first))
      }
      first = next
    }
  }

  /// For many rows a task is one panel, which stays in L1, and a tile of rows, which stays in L2.
  private static func multiplyMatrix(
    _ products: [(weights: QuantizedWeights, y: UnsafeMutablePointer<Float>)],
    _ x: QuantizedActivations, rows: Int, _ workspace: Workspace
  ) {
    var tasks: [(product: Int, panel: Int, rows: Range<Int>)] = []
    for (index, product) in products.enumerated() {
      for panel in 0..<product.weights.panels.shape[0] {
        for first in stride(from: 0, to: rows, by: rowTile) {
          tasks.append((index, panel, first..<min(rows, first + rowTile)))
        }
      }
    }

    workspace.parallel.forEach(tasks.count) { thread, item in
      let (product, panel, range) = tasks[item]
      products[product].weights.multiplyPanel(
        x, panel, rows: range, into: products[product].y, workspace.scratch(thread))
    }
  }

  private func multiplyPanel(
    _ x: QuantizedActivations, _ index: Int, rows: Range<Int>, into y: UnsafeMutablePointer<Float>,
    _ scratch: BufferPool
  ) {
    let column = index * QuantizedLayout.columns
    let weights = panel8(index, scratch, "expanded")
    withUnsafePointer(to: x.rows) { x in
      integer_kernels().pointee.matmul8(
        y + rows.lowerBound * outputs + column, Int64(outputs), x, Int64(rows.lowerBound),
        Int64(rows.count), weights,
        Int64(min(QuantizedLayout.columns, outputs - column)))
    }
  }

  /// A panel in 8 bits: as it lies in the file, or expanded into the thread's scratch.
  private func panel8(_ index: Int, _ scratch: BufferPool, _ name: String) -> UnsafePointer<UInt8> {
    guard format == .int4 else { return panel(index) }
    let wide: UnsafeMutablePointer<UInt8> = scratch.integers(
      name, QuantizedLayout.int8PanelBytes(inputs: inputs))
    integer_kernels().pointee.expand4(wide, panel(index), Int64(QuantizedLayout.padded(inputs)))
    return UnsafePointer(wide)
  }

  /// Rows of a gated unit's tile: what both products make of them stays in L1.
  private static let gatedRows = 96

  /// y = W_down q(silu(W_gate x) * W_up x) for many rows. A panel's 64 columns are a group of
  /// the next product's inputs, so each tile is quantized where it was made and the wide
  /// values never reach memory.
  static func gatedMultiply(
    gate: QuantizedWeights, up: QuantizedWeights, down: QuantizedWeights, _ x: UnsafePointer<Float>,
    rows: Int,
    into y: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let outer = QuantizedActivations(x, rows: rows, columns: gate.inputs, workspace)
    let inner = QuantizedActivations(rows: rows, columns: gate.outputs, name: "gated", workspace)
    let tiles = (rows + rowTile - 1) / rowTile
    workspace.parallel.forEach(gate.panels.shape[0] * tiles) { thread, item in
      let panel = item / tiles
      let first = item % tiles * rowTile
      let range = first..<min(rows, first + rowTile)
      gatedTile(gate, up, panel, outer, range, into: inner, workspace.scratch(thread))
    }
    multiplyMatrix([(down, y)], inner, rows: rows, workspace)
  }

  private static func gatedTile(
    _ gate: QuantizedWeights, _ up: QuantizedWeights, _ index: Int, _ x: QuantizedActivations,
    _ rows: Range<Int>,
    into inner: QuantizedActivations, _ scratch: BufferPool
  ) {
    let columns = QuantizedLayout.columns
    let gated = scratch.buffer("gated.tile", gatedRows * columns)
    let raised = scratch.buffer("raised.tile", gatedRows * columns)
    let gatePanel = gate.panel8(index, scratch, "expanded")
    let upPanel = up.panel8(index, scratch, "expanded.up")
    let table = integer_kernels().pointee
    var source = x.rows
    var target = inner.rows
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: gatedRows) {
      let count = Int64(min(gatedRows, rows.upperBound - first))
      table.matmul8(gated, Int64(columns), &source, Int64(first), count, gatePanel, Int64(columns))
      table.matmul8(raised, Int64(columns), &source, Int64(first), count, upPanel, Int64(columns))
      kernels().pointee.silu_mul(gated, raised, count * Int64(columns))
      table.quantize_group8(
        &target, gated, Int64(first), count, Int64(index),
        Int64(min(columns, gate.outputs - index * columns)))
    }
  }
}

/// x [rows, columns] in 8 bits, in the workspace.
struct QuantizedActivations {
  let rows: quantized_rows

  /// Room for them, to be filled group by group.
  init(rows count: Int, columns: Int, name: String, _ workspace: Workspace) {
    let stride = QuantizedLayout.padded(columns)
    rows = quantized_rows(
      values: workspace.shared.integers(name + ".values", count * stride), stride: Int64(stride),
      scales: workspace.buffer(name + ".scales", count * stride / Int(INT8_GROUP)),
      sums: workspace.shared.integers(name + ".sums", count * stride / Int(INT4_GROUP)))
  }

  /// Those from a row on.
  func from(row: Int) -> quantized_rows {
    var part = rows
    let stride = Int(rows.stride)
    part.values += row * stride
    part.scales += row * (stride / Int(INT8_GROUP))
    part.sums += row * (stride / Int(INT4_GROUP))
    return part
  }

  init(_ x: UnsafePointer<Float>, rows count: Int, columns: Int, _ workspace: Workspace) {
    self.init(rows: count, columns: columns, name: "quantized", workspace)
    let rows = rows
    workspace.parallel.forRanges(count, grain: 16) { range in
      var part = rows
      integer_kernels().pointee.quantize_rows8(
        &part, x, Int64(range.lowerBound), Int64(range.count), Int64(columns))
    }
  }
}

/// Shapes of packed tensors in a file.
package enum QuantizedLayout {
  package static let columns = Int(PANEL_COLUMNS)

  static func panels(_ outputs: Int) -> Int { (outputs + columns - 1) / columns }

  /// Inputs in whole groups.
  static func padded(_ inputs: Int) -> Int {
    (inputs + Int(INT8_GROUP) - 1) / Int(INT8_GROUP) * Int(INT8_GROUP)
  }

  /// [panels, groups of inputs, bytes of a block]
  package static func int8Shape(outputs: Int, inputs: Int) -> [Int] {
    [panels(outputs), padded(inputs) / Int(INT8_GROUP), Int(INT8_BLOCK_BYTES)]
  }

  package static func int4Shape(outputs: Int, inputs: Int) -> [Int] {
    [panels(outputs), padded(inputs) / Int(INT4_GROUP), Int(INT4_BLOCK_BYTES)]
  }

  static func int8PanelBytes(inputs: Int) -> Int {
    int8Shape(outputs: 1, inputs: inputs).reduce(1, *)
  }
}
