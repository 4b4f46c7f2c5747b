import Foundation
import CKernels
import TestSupport
import Testing

/// The integer kernels of each instruction set against the plain ones, and those against fp32.
@Suite struct IntegerKernelTests {
  static let tables: [String] = (["reference", "avx2", "avx512vnni", "neon"] as [String]).filter {
    integer_kernels_named($0) != nil
  }

  private func table(_ name: String) throws -> integer_kernel_table {
    try #require(integer_kernels_named(name)).pointee
  }

  /// Quantized activations that own their memory.
  private final class Activations {
    var values: [Int8]
    var scales: [Float]
    var sums: [Int32]
    let stride: Int

    init(_ x: [Float], rows: Int, columns: Int, _ table: integer_kernel_table) {
      stride = (columns + 63) / 64 * 64
      values = Array(repeating: 77, count: rows * stride)
      scales = Array(repeating: 0, count: rows * stride / 64)
      sums = Array(repeating: 0, count: rows * stride / 32)
      withRows { rows_ in
        var rows_ = rows_
        table.quantize_rows8(&rows_, x, 0, Int64(rows), Int64(columns))
      }
    }

    func withRows<T>(_ body: (quantized_rows) -> T) -> T {
      values.withUnsafeMutableBufferPointer { values in
        scales.withUnsafeMutableBufferPointer { scales in
          sums.withUnsafeMutableBufferPointer { sums in
            body(
              quantized_rows(
                values: values.baseAddress, stride: Int64(stride), scales: scales.baseAddress,
                sums: sums.baseAddress))
          }
        }
      }
    }

    func number(_ row: Int, _ column: Int) -> Float {
      scales[row * stride / 64 + column / 64] * Float(values[row * stride + column])
    }
  }

  private func panels(_ weights: [Float], columns: Int, inputs: Int, bits: Int) -> [UInt8] {
    let groups = (inputs + 63) / 64
    let bytes = bits == 8 ? groups * Int(INT8_BLOCK_BYTES) : 2 * groups * Int(INT4_BLOCK_BYTES)
    return stride(from: 0, to: columns, by: 64).flatMap { first in
      var panel = [UInt8](repeating: 0xAA, count: bytes)
      let count = min(64, columns - first)
      let rows = Array(weights[first * inputs..<(first + count) * inputs])
      (bits == 8 ? pack_panel8 : pack_panel4)(&panel, rows, Int64(count), Int64(inputs))
      return panel
    }
  }

  /// The stored weights as numbers.
  private func unpacked(_ panels: [UInt8], columns: Int, inputs: Int, bits: Int) -> [Float] {
    let bytes = panels.count / ((columns + 63) / 64)
    return (0..<columns).flatMap { column in
      var row = [Float](repeating: 0, count: inputs)
      let panel = Array(panels[column / 64 * bytes..<(column / 64 + 1) * bytes])
      (bits == 8 ? unpack_row8 : unpack_row4)(&row, panel, Int64(column % 64), Int64(inputs))
      return row
    }
  }

  @Test(arguments: [8, 4]) func packingKeepsWeights(bits: Int) {
    var random = SplitMix(21)
    let weights = random.floats(100 * 96)
    let kept = unpacked(
      panels(weights, columns: 100, inputs: 96, bits: bits), columns: 100, inputs: 96, bits: bits)
    // Half a step of a group's range: 2/15 of a range of 2, or 1/127 of a magnitude of 1.
    let bound: Float = bits == 8 ? 0.0042 : 0.07
    #expect(zip(weights, kept).allSatisfy { abs($0 - $1) <= bound })
    #expect(relativeError(kept, weights) > 1e-4, "some bits were dropped")
  }

  @Test func weightsOnAFourBitGridStayWhatTheyAre() {
    var random = SplitMix(22)
    // The first two of each group are the grid's ends.
    let weights = (0..<64 * 64).map { index -> Float in
      let step = index % 32 < 2 ? 15 * (index % 2) : Int.random(in: 0...15, using: &random)
      return Float(step) * 0.125 - 1
    }
    #expect(
      unpacked(panels(weights, columns: 64, inputs: 64, bits: 4), columns: 64, inputs: 64, bits: 4)
        == weights)
  }

  @Test(arguments: tables, [(1, 64, 64), (3, 100, 96), (6, 64, 576), (13, 130, 40), (20, 17, 200)])
  func matmul8IsTheExactProduct(name: String, shape: (Int, Int, Int)) throws {
    let (rows, columns, inputs) = shape
    let table = try table(name)
    var random = SplitMix(23)
    let x = random.floats(rows * inputs, in: -3...3)
    let weights = random.floats(columns * inputs)
    let packed = panels(weights, columns: columns, inputs: inputs, bits: 8)
    let activations = Activations(x, rows: rows, columns: inputs, table)
    var y = [Float](repeating: .nan, count: rows * columns)
    activations.withRows { rows_ in
      var rows_ = rows_
      table.matmul8(&y, Int64(columns), &rows_, 0, Int64(rows), packed, Int64(columns))
    }
    let kept = unpacked(packed, columns: columns, inputs: inputs, bits: 8)
    #expect(relativeError(y, product(activations, kept, rows, columns, inputs)) < 2e-6)
    #expect(relativeError(y, exact(x, weights, rows, columns, inputs)) < 0.02)
  }

  private struct Shape: Sendable {
    let bits, rows, columns, inputs: Int
  }

  private static let vectorShapes = [4, 8].flatMap { bits in
    [(1, 64, 64), (2, 100, 96), (4, 130, 576), (3, 57, 200)].map {
      Shape(bits: bits, rows: $0.0, columns: $0.1, inputs: $0.2)
    }
  }

  @Test(arguments: tables, vectorShapes)
  private func fewRowsGiveTheExactProduct(name: String, shape: Shape) throws {
    let bits = shape.bits
    let rows = shape.rows
    let columns = shape.columns
    let inputs = shape.inputs
    var middle = [Float](repeating: .nan, count: rows * 20)
    let table = try table(name)
    var random = SplitMix(24)
    let x = random.floats(rows * inputs)
    let weights = random.floats(columns * inputs)
    let packed = panels(weights, columns: columns, inputs: inputs, bits: bits)
    let activations = Activations(x, rows: rows, columns: inputs, table)
    var y = [Float](repeating: .nan, count: rows * columns)
    activations.withRows { rows_ in
      var rows_ = rows_
      let kernel = bits == 8 ? table.matvec8 : table.matvec4
      kernel?(&y, Int64(columns), &rows_, Int64(rows), packed, 0, Int64(columns))
      // A stretch in the middle gives the same numbers.
      kernel?(&middle, 20, &rows_, Int64(rows), packed, 32, Int64(min(20, columns - 32)))
    }
    let kept = unpacked(packed, columns: columns, inputs: inputs, bits: bits)
    #expect(relativeError(y, product(activations, kept, rows, columns, inputs)) < 2e-6)
    #expect((0..<min(20, columns - 32)).allSatisfy { middle[$0] == y[32 + $0] })
  }

  @Test(arguments: tables) func expandedPanelsHoldTheFourBitWeights(name: String) throws {
    var random = SplitMix(25)
    let columns = 64
    let inputs = 192
    let narrow = panels(random.floats(columns * inputs), columns: columns, inputs: inputs, bits: 4)
    var wide = [UInt8](repeating: 0, count: inputs / 64 * Int(INT8_BLOCK_BYTES))
    try table(name).expand4(&wide, narrow, Int64(inputs))
    let before = unpacked(narrow, columns: columns, inputs: inputs, bits: 4)
    let after = unpacked(wide, columns: columns, inputs: inputs, bits: 8)
    #expect(zip(before, after).allSatisfy { abs($0 - $1) <= 0.006 })
    #expect(relativeError(after, before) < 0.006)
  }

  private func product(
    _ x: Activations, _ weights: [Float], _ rows: Int, _ columns: Int, _ inputs: Int
  ) -> [Float] {
    let wide = (0..<rows).flatMap { row in (0..<inputs).map { x.number(row, $0) } }
    return exact(wide, weights, rows, columns, inputs)
  }

  private func exact(_ x: [Float], _ weights: [Float], _ rows: Int, _ columns: Int, _ inputs: Int)
    -> [Float]
  {
    var y: [Float] = []
    for row in 0..<rows {
      for column in 0..<columns {
        y.append(Float(dot(x, row * inputs, weights, column * inputs, inputs)))
      }
    }

    return y
  }

  private func dot(_ a: [Float], _ i: Int, _ b: [Float], _ j: Int, _ count: Int) -> Double {
    var sum = 0.0
    for index in 0..<count { sum += Double(a[i + index]) * Double(b[j + index]) }
    return sum
  }

  @Test(arguments: tables, [(7, 300, 64), (1, 5, 16), (13, 129, 48), (6, 128, 128)])
  func attendIsSoftmaxAttention(name: String, shape: (Int, Int, Int)) throws {
    let (queries, keys, dim) = shape
    let table = try table(name)
    guard table.attend16 != nil else { return }
    var random = SplitMix(26)
    let q = random.floats(queries * dim, in: -2...2)
    let k = random.floats(keys * dim, in: -2...2)
    let v = random.floats(keys * dim)
    // Row r sees keys r ..< keys - r, so that both ends of a step are hidden from some.
    let seen = (0..<queries).map { min($0, keys - 1)..<max(keys - $0, min($0, keys - 1) + 1) }
    let found = attend(table, q, k, v, seen, dim)
    for row in 0..<queries {
      let scores = seen[row].map { 0.125 * dot(q, row * dim, k, $0 * dim, dim) }
      let top = try #require(scores.max())
      let weights = scores.map { exp($0 - top) }
      var expected = [Float](repeating: 0, count: dim)
      for (key, weight) in zip(seen[row], weights) {
        for d in 0..<dim { expected[d] += Float(weight / weights.reduce(0, +)) * v[key * dim + d] }
      }
      #expect(relativeError(Array(found[row * dim..<(row + 1) * dim]), expected) < 3e-3)
    }
  }

  private func attend(
    _ table: integer_kernel_table, _ q: [Float], _ k: [Float], _ v: [Float], _ seen: [Range<Int>],
    _ dim: Int
  ) -> [Float] {
    let queries = seen.count
    let keys = k.count / dim
    let room = (keys + 127) / 128 * 128
    var packedKeys = [Int16](repeating: 9, count: room * dim)
    var packedValues = [Int16](repeating: 9, count: room * dim)
    var keyScales = [Float](repeating: 9, count: room)
    var valueScales = [Float](repeating: 9, count: room / 128)
    var packedQueries = [Int16](repeating: 0, count: q.count)
    var queryScales = [Float](repeating: 0, count: queries)
    table.quantize_rows16(
      &packedQueries, &queryScales, q, Int64(dim), Int64(queries), Int64(dim), 0.125 * 1.442_695)
    var first = seen.map { Int32($0.lowerBound) }
    var last = seen.map { Int32($0.upperBound) }
    var maximum = [Float](repeating: -.infinity, count: queries)
    var sum = [Float](repeating: 0, count: queries)
    var output = [Float](repeating: 0, count: q.count)
    packedKeys.withUnsafeMutableBufferPointer { keyBuffer in
      packedValues.withUnsafeMutableBufferPointer { valueBuffer in
        keyScales.withUnsafeMutableBufferPointer { keyScales in
          valueScales.withUnsafeMutableBufferPointer { valueScales in
            var run = packed_run16(
              keys: keyBuffer.baseAddress, key_scales: keyScales.baseAddress,
              values: valueBuffer.baseAddress,
              value_scales: valueScales.baseAddress, count: Int64(keys))
            for step in 0..<room / 128 { table.pack_run16(&run, k, v, Int64(step), Int64(dim)) }
            attend(
              table, &run, &packedQueries, &queryScales, &first, &last, &maximum, &sum, &output, dim
            )
          }
        }
      }
    }

    return output.enumerated().map { $1 / sum[$0 / dim] }
  }

  private func attend(
    _ table: integer_kernel_table, _ run: inout packed_run16, _ queries: inout [Int16],
    _ scales: inout [Float], _ first: inout [Int32],
    _ last: inout [Int32], _ maximum: inout [Float], _ sum: inout [Float], _ output: inout [Float],
    _ dim: Int
  ) {
    let count = Int64(scales.count)
    queries.withUnsafeBufferPointer { queries in
      scales.withUnsafeBufferPointer { scales in
        first.withUnsafeBufferPointer { first in
          last.withUnsafeBufferPointer { last in
            maximum.withUnsafeMutableBufferPointer { maximum in
              sum.withUnsafeMutableBufferPointer { sum in
                output.withUnsafeMutableBufferPointer { output in
                  var tile = query_tile16(
                    queries: queries.baseAddress, scales: scales.baseAddress,
                    first: first.baseAddress, last: last.baseAddress,
                    maximum: maximum.baseAddress, sum: sum.baseAddress, output: output.baseAddress,
                    count: count)
                  table.attend16(&tile, &run, Int64(dim))
                }
              }
            }
          }
        }
      }
    }
  }
}
