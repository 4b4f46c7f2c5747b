import CKernels
import Foundation
import TestSupport
import Testing

/// The linear branch's kernels of each table, against the plain ones.
@Suite struct BranchKernelTests {
  private static let block = Int(LIGHTNING_BLOCK)

  private func tables(_ isa: String) throws -> [kernel_table] { [try #require(kernels_named(isa)).pointee, kernels_reference().pointee] }

  @Test(arguments: KernelTests.tables, [(1, 8, 4), (7, 64, 32), (50, 24, 16), (13, 16, 48)])
  func featuresMatchTheReference(isa: String, shape: (Int, Int, Int)) throws {
    let (rows, dim, size) = shape
    for range: Float in [0, 0.5] {
      let found = try tables(isa).map { table -> ([Float], [Float]) in
        var random = SplitMix(1)
        let (x, map) = (random.floats(rows * 2 * dim, in: -3...3), random.floats(dim * size, in: -2...2))
        let (bias, gain) = (random.floats(size), random.floats(dim))
        var out = [Float](repeating: 0, count: rows * (2 * size + 3))
        var gains = [Float](repeating: 0, count: rows)
        map.withUnsafeBufferPointer { map in
          bias.withUnsafeBufferPointer { bias in
            gain.withUnsafeBufferPointer { gain in
              var parameters = feature_map(
                map: map.baseAddress, bias: bias.baseAddress, gain: gain.baseAddress, gain_bias: 0.3, gain_range: range,
                dim: Int64(dim), size: Int64(size))
              table.branch_features(&out, Int64(2 * size + 3), &gains, x, Int64(2 * dim), &parameters, Int64(rows))
            }
          }
        }
        return (out, gains)
      }
      #expect(relativeError(found[0].0, found[1].0) < 5e-6)
      #expect(relativeError(found[0].1, found[1].1) < 5e-6)
      if range == 0 { #expect(abs(found[0].0.prefix(2 * size).reduce(0, +) - 2) < 1e-5, "two distributions") }
    }
  }

  /// Random numbers for a block, with room for its keys.
  private final class Input {
    let (rows, share, features, dim): (Int, Int, Int, Int)
    let key, value, query, power: [Float]
    var keys, scratch: [Float]

    init(_ shape: (Int, Int, Int, Int), decay: Float) {
      (rows, share, features, dim) = shape
      var random = SplitMix(2)
      key = random.floats(rows * features, in: 0...1)
      value = random.floats(rows * dim)
      query = random.floats(rows * share * features, in: 0...1)
      power = (0...Int(LIGHTNING_BLOCK)).reduce(into: [Float]()) { powers, _ in powers.append((powers.last ?? 1 / decay) * decay) }
      keys = [Float](repeating: .nan, count: features * Int(LIGHTNING_BLOCK))
      scratch = [Float](repeating: .nan, count: max(features, share * Int(LIGHTNING_BLOCK)) * Int(LIGHTNING_BLOCK))
    }

    func withBlock(_ body: (inout branch_block, inout [Float]) -> Void) {
      keys.withUnsafeMutableBufferPointer { keys in
        value.withUnsafeBufferPointer { value in
          power.withUnsafeBufferPointer { power in
            var block = branch_block(
              keys: keys.baseAddress, value: value.baseAddress, power: power.baseAddress, rows: Int64(rows), features: Int64(features),
              dim: Int64(dim))
            body(&block, &scratch)
          }
        }
      }
    }
  }

  @Test(arguments: KernelTests.tables, [(32, 3, 64, 64), (1, 2, 8, 8), (17, 1, 32, 24), (31, 5, 16, 72)])
  func blocksMatchTheReference(isa: String, shape: (Int, Int, Int, Int)) throws {
    for decay: Float in [1, 0.97, 0.1] {
      let found = try tables(isa).map { table -> (sums: [Float], outputs: [Float], sizes: [Float]) in
        let input = Input(shape, decay: decay)
        var random = SplitMix(3)
        let state = random.floats(input.features * (input.dim + 1), in: 0...1)
        var sums = [Float](repeating: .nan, count: state.count)
        var outputs = [Float](repeating: .nan, count: input.rows * input.share * input.dim)
        var sizes = [Float](repeating: .nan, count: input.rows * input.share)
        input.withBlock { block, scratch in
          table.branch_sums(&sums, &block, input.key, &scratch)
          table.branch_outputs(&outputs, &sizes, state, &block, input.query, Int64(input.share), &scratch)
        }
        return (sums, outputs, sizes)
      }
      #expect(relativeError(found[0].sums, found[1].sums) < 5e-6)
      #expect(relativeError(found[0].outputs, found[1].outputs) < 5e-6)
      #expect(relativeError(found[0].sizes, found[1].sizes) < 5e-6)
    }
  }

  /// Token by token, a block's outputs and the state after it.
  @Test(arguments: KernelTests.tables)
  func stepsMakeABlock(isa: String) throws {
    let table = try tables(isa)[0]
    let input = Input((29, 3, 32, 24), decay: 0.95)
    let (width, size) = (input.share * input.dim, input.features * (input.dim + 1))
    var (stepped, sums) = ([Float](repeating: 0, count: size), [Float](repeating: 0, count: size))
    var (outputs, sizes) = ([Float](repeating: 0, count: input.rows * width), [Float](repeating: 0, count: input.rows * input.share))
    let empty = [Float](repeating: 0, count: size)
    input.withBlock { block, scratch in
      table.branch_sums(&sums, &block, input.key, &scratch)
      table.branch_outputs(&outputs, &sizes, empty, &block, input.query, Int64(input.share), &scratch)
      let first = block.value
      for row in 0..<input.rows {
        var (one, total) = ([Float](repeating: 0, count: width), [Float](repeating: 0, count: input.share))
        block.value = first.map { $0 + row * input.dim }
        table.branch_step(
          &one, &total, &stepped, &block, Array(input.key[row * input.features..<(row + 1) * input.features]),
          Array(input.query[row * input.share * input.features..<(row + 1) * input.share * input.features]), Int64(input.share))
        #expect(relativeError(one, Array(outputs[row * width..<(row + 1) * width])) < 1e-5)
        #expect(relativeError(total, Array(sizes[row * input.share..<(row + 1) * input.share])) < 1e-5)
      }
    }
    #expect(relativeError(stepped, sums) < 1e-5)
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
    let (rows, share, dim, heads) = (9, 3, 20, 6)
    let found = try tables(isa).map { table -> [Float] in
      var random = SplitMix(4)
      var out = random.floats(rows * heads * dim)
      let (logSums, numerator) = (random.floats(rows * heads, in: -5...5), random.floats(rows * share * dim))
      var (sizes, gains) = (random.floats(rows * share, in: 1e-6...30), random.floats(rows * share, in: -4...4))
      (sizes[0], gains[1], gains[2]) = (0, 1e4, -1e4)
      table.branch_merge(
        &out, Int64(heads * dim), logSums, Int64(heads), numerator, &sizes, &gains, Int64(rows), Int64(share), Int64(dim))
      return out
    }
    #expect(relativeError(found[0], found[1]) < 2e-6)
    let finite = found[0].filter(\.isFinite)
    #expect(finite.count == found[0].count)
  }
}
