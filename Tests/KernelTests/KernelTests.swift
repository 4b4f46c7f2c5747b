import CKernels
import TestSupport
import Testing

/// Each table that this CPU runs, against the plain one.
@Suite struct KernelTests {
  static let tables: [String] = (["baseline", "neon", "avx2", "avx512"] as [String]).filter {
    kernels_named($0) != nil
  }
  private static let tolerance = 2e-6

  private func pair(_ isa: String) throws -> (fast: kernel_table, plain: kernel_table) {
    (try #require(kernels_named(isa)).pointee, kernels_reference().pointee)
  }

  @Test(arguments: tables, [(1, 1), (3, 17), (7, 64), (5, 200)])
  func gemvMatchesTheReference(isa: String, shape: (Int, Int)) throws {
    let (fast, plain) = try pair(isa)
    var random = SplitMix(1)
    let (rows, columns) = shape
    let x = random.floats(columns)
    let wide = random.floats(rows * columns)
    let halves = wide.map { Float16($0).bitPattern }
    let brains = wide.map { UInt16($0.bitPattern >> 16) }
    var a = [Float](repeating: 0, count: rows)
    var b = [Float](repeating: 0, count: rows)
    for (type, weights) in [
      (DTYPE_F32, wide.withUnsafeBytes(Array.init)),
      (DTYPE_F16, halves.withUnsafeBytes(Array.init)),
      (DTYPE_BF16, brains.withUnsafeBytes(Array.init)),
    ] {
      fast.gemv(&a, weights, type, x, Int64(rows), Int64(columns))
      plain.gemv(&b, weights, type, x, Int64(rows), Int64(columns))
      #expect(relativeError(a, b) < Self.tolerance)
    }
  }

  @Test(arguments: tables)
  func elementwiseKernelsMatchTheReference(isa: String) throws {
    let (fast, plain) = try pair(isa)
    var random = SplitMix(2)
    let x = random.floats(333, in: -30...30)
    let other = random.floats(333)
    for apply in [
      { (table: kernel_table, values: inout [Float]) in table.silu(&values, 333) },
      { table, values in table.silu_mul(&values, other, 333) },
      { table, values in table.mul(&values, other, 333) },
      { table, values in table.sigmoid_mul(&values, other, 333) },
      { table, values in table.axpby(&values, other, 0.7, -1.3, 333) },
      { table, values in
        let input = values
        table.rms_norm(&values, input, other, 1, 3, 111, 1e-5)
      },
    ] {
      var a = x
      var b = x
      apply(fast, &a)
      apply(plain, &b)
      #expect(relativeError(a, b) < Self.tolerance)
    }
  }

  @Test(arguments: tables)
  func extremeInputsStayFinite(isa: String) throws {
    let (fast, _) = try pair(isa)
    var values: [Float] = [-1000, -88, -0.0, 0, 88, 1000]
    fast.silu(&values, 6)
    let finite = values.filter(\.isFinite)
    #expect(finite.count == values.count)
    #expect(values[0] == 0 || abs(values[0]) < 1e-30)
    #expect(values[5] == 1000)
  }

  @Test(arguments: tables)
  func ropeMatchesTheReference(isa: String) throws {
    let (fast, plain) = try pair(isa)
    var random = SplitMix(3)
    let x = random.floats(4 * 3 * 20)
    let cos = random.floats(4 * 6)
    let sin = random.floats(4 * 6)
    var a = x
    var b = x
    fast.rope(&a, cos, sin, 4, 3, 20, 12)
    plain.rope(&b, cos, sin, 4, 3, 20, 12)
    #expect(relativeError(a, b) < Self.tolerance)
    #expect(a[12] == x[12], "elements beyond the rotary ones stay")
    var c = x
    var d = x
    fast.rope_pairs(&c, cos, sin, 4, 3, 20, 12)
    plain.rope_pairs(&d, cos, sin, 4, 3, 20, 12)
    #expect(relativeError(c, d) < Self.tolerance)
    #expect(relativeError(a, c) > 0.1, "the pairs differ")
  }

  @Test(arguments: tables)
  func tilesOfTheOnlineSoftmaxMakeTheWholeSoftmax(isa: String) throws {
    let (fast, plain) = try pair(isa)
    var random = SplitMix(4)
    let scores = random.floats(3 * 50, in: -8...8)
    func probabilities(_ table: kernel_table, tiles: [Range<Int>]) -> [Float] {
      var maximum = [Float](repeating: -.infinity, count: 3)
      var sum = [Float](repeating: 0, count: 3)
      var rescale = [Float](repeating: 0, count: 3)
      var result = [Float](repeating: 0, count: 150)
      for tile in tiles {
        var part = (0..<3).flatMap { row in tile.map { scores[row * 50 + $0] } }
        // Row r sees the first 20 + 10 r columns.
        let last = (0..<3).map { Int32(min(max(20 + 10 * $0 - tile.lowerBound, 0), tile.count)) }
        table.softmax_tile(
          &part, 3, Int64(tile.count), Int64(tile.count), 0.3, [0, 0, 0], last, &maximum, &sum,
          &rescale)
        for row in 0..<3 {
          for column in 0..<tile.lowerBound { result[row * 50 + column] *= rescale[row] }
          for (index, column) in tile.enumerated() {
            result[row * 50 + column] = part[row * tile.count + index]
          }
        }
      }

      return result.enumerated().map { $1 / sum[$0 / 50] }
    }
    let whole = probabilities(plain, tiles: [0..<50])
    #expect(
      relativeError(probabilities(fast, tiles: [0..<7, 7..<32, 32..<50]), whole) < Self.tolerance)
    #expect(whole[20] == 0 && whole[19] > 0)
  }

  @Test(arguments: tables, [16, 64, 72, 128])
  func oneQueryOverTwoRunsMatchesTheReference(isa: String, dim: Int) throws {
    let (fast, plain) = try pair(isa)
    var random = SplitMix(6)
    let q = random.floats(dim, in: -2...2)
    let runs = [3, 130].map { ($0, random.floats($0 * dim), random.floats($0 * dim)) }
    func attend(_ table: kernel_table) -> [Float] {
      var maximum = -Float.infinity
      var sum = Float(0)
      var out = [Float](repeating: 0, count: dim)
      var scores = [Float](repeating: 0, count: 130)
      for (count, keys, values) in runs {
        table.attend_row(
          &maximum, &sum, &out, q, keys, values, Int64(count), Int64(dim), 0.3, &scores)
      }

      return out.map { $0 / sum }
    }
    #expect(relativeError(attend(fast), attend(plain)) < 5e-6)
  }

  @Test(arguments: tables, [(1, 8), (63, 16), (64, 16), (65, 32), (200, 24)])
  func blockedLightningMatchesTheRecurrence(isa: String, shape: (Int, Int)) throws {
    let (fast, plain) = try pair(isa)
    let (rows, dim) = shape
    for slope: Float in [0, 1e-5, 0.03, 0.9] {
      var random = SplitMix(5)
      let stride = 3 * dim
      let qkv = random.floats(rows * stride)
      let state = random.floats(dim * dim)
      func run(_ table: kernel_table) -> (out: [Float], state: [Float]) {
        var out = [Float](repeating: 0, count: rows * dim)
        var state = state
        var scratch = [Float](
          repeating: 0, count: Int(LIGHTNING_BLOCK) * (Int(LIGHTNING_BLOCK) + 2 * dim))
        qkv.withUnsafeBufferPointer { buffer in
          guard let base = buffer.baseAddress else { return }
          table.lightning(
            &out, Int64(dim), base, Int64(stride), base + dim, Int64(stride), base + 2 * dim,
            Int64(stride), &state, slope,
            Int64(rows), Int64(dim), &scratch)
        }

        return (out, state)
      }
      let a = run(fast)
      let b = run(plain)
      #expect(relativeError(a.out, b.out) < 1e-5)
      #expect(relativeError(a.state, b.state) < 1e-5)
    }
  }
}
