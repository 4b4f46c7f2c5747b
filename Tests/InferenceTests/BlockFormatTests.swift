import CKernels
import Foundation
import TestSupport
import Testing

@testable import Inference

/// Numbers in blocks, against what their authors' own code reads in them.
@Suite struct BlockFormatTests {
  private struct Golden: Decodable {
    let bytes: Data
    let numbers: [Float]
  }

  @Test(arguments: [DataType.q8_0, .q4_0, .q4_1, .q4_k, .q6_k, .float8])
  func blocksAreReadAsTheirAuthorsDo(type: DataType) throws {
    let goldens = try JSONDecoder().decode(
      [String: Golden].self, from: try Repository.data("block-formats.json"))
    let golden = try #require(goldens[type.rawValue])
    var found = [Float](repeating: .nan, count: golden.numbers.count)
    golden.bytes.withUnsafeBytes {
      kernels().pointee.widen(&found, $0.baseAddress, type.kernel, Int64(found.count))
    }
    #expect(relativeError(found, golden.numbers) < 1e-6)
    #expect(golden.bytes.count == found.count / type.block.elements * type.block.bytes)
  }
}
