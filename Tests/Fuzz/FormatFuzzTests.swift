import Documents
import Foundation
import Host
import TestSupport
import Testing

/// Damaged books, office files, mail and archives: each is read or refused in words, within its time
/// and memory, and no reader breaks.
@Suite struct FormatFuzzTests {
  @Test func noInputBreaksAReaderOrTakesForEver() throws {
    let inputs = try FormatInputs()
    let faults = Fuzzing.faults { try Self.fault(of: $0, inputs) }
    #expect(faults == [], "DOCPROC_FUZZ_SEED=\(Fuzzing.seed)")
  }

  /// nil where the input was read, or refused in words.
  private static func fault(of number: Int, _ inputs: FormatInputs) throws -> String? {
    let directory = try TemporaryDirectory()
    var random = Fuzzing.random(for: number)
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
