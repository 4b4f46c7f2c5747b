import CKernels
import Foundation
import TestSupport
import Testing

/// The linear branch's kernels of each table, against the plain ones.
@Suite struct BranchKernelTests {
  private func tables(_ isa: String) throws -> [kernel_table] {
    [try #require(kernels_named(isa)).pointee, kernels_reference().pointee]
  }

  @Test(arguments: KernelTests.tables, [(1, 8, 4), (7, 64, 32), (50, 24, 16), (13, 16, 48)])
  func featuresMatchTheReference(isa: String, shape: (Int, Int, Int)) throws {
    let (rows, dim, size) = shape
    for range: Float in [0, 0.5] {
      let found = try tables(isa).map { table -> ([Float], [Float]) in
        var random = SplitMix(1)
        let x = random.floats(rows * 2 * dim, in: -3...3)
        let map = random.floats(dim * size, in: -2...2)
        let bias = random.floats(size)
        let gain = random.floats(dim)
        var out = [Float](repeating: 0, count: rows * (2 * size + 3))
        var gains = [Float](repeating: 0, count: rows)
        map.withUnsafeBufferPointer { map in
          bias.withUnsafeBufferPointer { bias in
            gain.withUnsafeBufferPointer { gain in
              var parameters = feature_map(
                map: map.baseAddress, bias: bias.baseAddress, gain: gain.baseAddress,
                gain_bias: 0.3, gain_range: range,
                dim: Int64(dim), size: Int64(size))
              table.branch_features(
                &out, Int64(2 * size + 3), &gains, x, Int64(2 * dim), &parameters, Int64(rows))
            }
          }
        }
        return (out, gains)
      }
      #expect(relativeError(found[0].0, found[1].0) < 5e-6)
      #expect(relativeError(found[0].1, found[1].1) < 5e-6)
      if range == 0 {
        #expect(abs(found[0].0.prefix(2 * size).reduce(0, +) - 2) < 1e-5, "two distributions")
      }
    }
  }

  @Test(arguments: KernelTests.tables, [(64, 64, 64), (1, 8, 8), (17, 32, 24), (63, 16, 72)])
  func sumsAndOutputsMatchTheReference(isa: String, shape: (Int, Int, Int)) throws {
    let (rows, features, dim) = shape
    for decay: Float in [1, 0.97, 0.1] {
      let found = try tables(isa).map {
        table -> (sums: [Float], outputs: [Float], sizes: [Float]) in
        var random = SplitMix(2)
        let key = random.floats(rows * features, in: 0...1)
        let value = random.floats(rows * dim)
        let query = random.floats(3 * rows * features, in: 0...1)
        let power = (0..<Int(BRANCH_STEP)).map { Float(pow(Double(decay), Double($0))) }
        var sums = [Float](repeating: .nan, count: features * (dim + 1))
        var scratch = [Float](repeating: .nan, count: features * Int(BRANCH_STEP))
        key.withUnsafeBufferPointer { key in
          value.withUnsafeBufferPointer { value in
            power.withUnsafeBufferPointer { power in
              var keys = branch_keys(
                key: key.baseAddress, value: value.baseAddress, power: power.baseAddress,
                rows: Int64(rows), features: Int64(features),
                dim: Int64(dim))
              table.branch_sums(&sums, &keys, &scratch)
            }
          }
        }
        var outputs = [Float](repeating: .nan, count: 3 * rows * dim)
        var sizes = [Float](repeating: .nan, count: 3 * rows)
        table.branch_outputs(
          &outputs, &sizes, sums, query, Int64(3 * rows), Int64(features), Int64(dim))
        return (sums, outputs, sizes)
      }
      #expect(relativeError(found[0].sums, found[1].sums) < 5e-6)
      #expect(relativeError(found[0].outputs, found[1].outputs) < 5e-6)
      #expect(relativeError(found[0].sizes, found[1].sizes) < 5e-6)
    }
  }

  @Test(arguments: KernelTests.tables)
  func logsOfSumsMatchTheReference(isa: String) throws {
    let found = try tables(isa).map { table -> [Float] in
      var random = SplitMix(5)
      var maximum = random.floats(201)
      let sums = random.floats(200, in: -20...20).map { Float(exp2(Double($0))) } + [1]
      table.log_sums(&maximum, sums, 201)
      return maximum
    }
    #expect(relativeError(found[0], found[1]) < 2e-7)
  }

  @Test(arguments: KernelTests.tables)
  func mergingMatchesTheReference(isa: String) throws {
    let rows = 9
    let share = 3
    let dim = 20
    let heads = 6
    let found = try tables(isa).map { table -> [Float] in
      var random = SplitMix(4)
      var out = random.floats(rows * heads * dim)
      let logSums = random.floats(rows * heads, in: -5...5)
      let numerator = random.floats(rows * share * dim)
      var sizes = random.floats(rows * share, in: 1e-6...30)
      var gains = random.floats(rows * share, in: -4...4)
      sizes[0] = 0
      gains[1] = 1e4
      gains[2] = -1e4
      table.branch_merge(
        &out, Int64(heads * dim), logSums, Int64(heads), numerator, &sizes, &gains, 0.02, 7,
        Int64(rows), Int64(share), Int64(dim))
      return out
    }
    #expect(relativeError(found[0], found[1]) < 2e-6)
    let finite = found[0].filter(\.isFinite)
    #expect(finite.count == found[0].count)
  }
}
