import Documents
import Foundation
import Host
import TestSupport
import Testing

/// Damaged books, office files, mail and archives: each is read or refused in words, within its time
/// and memory, and no reader breaks.
@Suite struct FormatFuzzTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["DOCPROC_FUZZ_COUNT"].flatMap(Int.init) ?? 500
  private static let seed = environment["DOCPROC_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
  private static let atOnce = 2

  @Test func noInputBreaksAReaderOrTakesForEver() throws {
    let inputs = try FormatInputs()
    let faults = Faults()
    DispatchQueue.concurrentPerform(iterations: Self.atOnce) { worker in
      for number in stride(from: worker, to: Self.count, by: Self.atOnce) {
        do {
          if let fault = try Self.fault(of: number, inputs) { faults.add(fault) }
        } catch {
          faults.add("input \(number): \(error)")
        }
      }
    }
    #expect(faults.all == [], "DOCPROC_FUZZ_SEED=\(Self.seed)")
  }

  /// nil where the input was read, or refused in words.
  private static func fault(of number: Int, _ inputs: FormatInputs) throws -> String? {
    let directory = try TemporaryDirectory()
    var random = SplitMix(seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
    let (path, what) = try inputs.write(to: directory.path, &random)
    var extractor = Extractor()
    extractor.program = Program.directory + "/docproc-extract"
    extractor.limits.seconds = 20
    extractor.limits.memory = 2 << 30
    let shown = "input \(number) (\((path as NSString).lastPathComponent), \(what))"
    do {
      let document = try DocumentLoader(extractor: extractor).load(path)
      let scalars = document.text.unicodeScalars.count
      let isSound = document.parts.allSatisfy { $0.start + $0.length <= scalars }
      return isSound ? nil : "\(shown): its parts do not lie in its text"
    } catch let error as DocumentError {
      let says = "\(error)"
      let isBroken = ["broke", "took", "its reader", "ended with"].contains { says.contains($0) }
      return isBroken || !says.contains(path) ? "\(shown): \(says)" : nil
    }
  }
}
