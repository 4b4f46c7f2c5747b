import CSandbox
import Documents
import Extraction
import Foundation

/// Takes the text out of one file: the document on standard input, settings on descriptor 3,
/// records on standard output. It shuts itself in before it looks at the document.
@main
enum Extract {
  static func main() {
    signal(SIGPIPE, SIG_DFL)
    sandbox_keep_memory()
    if CommandLine.arguments.dropFirst().first == "--check" { SandboxCheck.run() }
    guard let settings = settings() else {
      FileHandle.standardError.write(
        Data("docproc-extract is started by docproc, with settings on descriptor 3\n".utf8))
      exit(2)
    }
    guard let input = Input(descriptor: 0) else {
      Output.print(.failure("it cannot be read: \(String(cString: strerror(errno)))"))
      exit(0)
    }
    enterSandbox(settings.limits, copied: input.bytes.count)
    Output.printAll(of: settings, input)
  }

  private static func settings() -> ExtractionSettings? {
    let handle = FileHandle(fileDescriptor: 3, closeOnDealloc: true)
    guard fcntl(3, F_GETFD) >= 0, let data = try? handle.readToEnd() else { return nil }
    return try? JSONDecoder().decode(ExtractionSettings.self, from: data)
  }

  /// - Parameter count: bytes of the document, which is copied for programs that read it.
  static func enterSandbox(_ limits: ExtractionLimits, copied count: Int = 0) {
    var given = sandbox_limits(
      memory: UInt64(limits.memory), cpu_seconds: UInt64(limits.seconds),
      file_bytes: UInt64(min(limits.memory, max(count, 1 << 30))))
    let missing = sandbox_enter(&given)
    guard missing >= 0 else {
      Output.print(.failure("it cannot be read safely: \(String(cString: strerror(errno)))"))
      exit(0)
    }
    let names = [(SANDBOX_NO_LANDLOCK, "Landlock"), (SANDBOX_NO_SECCOMP, "seccomp")]
    for (part, name) in names where missing & Int32(part.rawValue) != 0 {
      Output.print(.note("this kernel has no \(name): the document was read without it"))
    }
  }
}

/// The document's bytes, mapped where that is possible.
private struct Input {
  let bytes: UnsafeRawBufferPointer

  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    let count = Int(status.st_size)
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let mapped = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
      mapped != MAP_FAILED
    else { return nil }
    bytes = UnsafeRawBufferPointer(start: mapped, count: count)
  }
}

/// What a reader could do all the same on this host; `docproc doctor` asks for it.
private enum SandboxCheck {
  static func run() -> Never {
    let file = CommandLine.arguments.dropFirst(2).first ?? "/etc/passwd"
    Extract.enterSandbox(ExtractionLimits())
    let descriptor = open(file, O_RDONLY)
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let results = [
      ("new privileges", sandbox_has_no_new_privileges() != 0),
      ("other files", descriptor < 0), ("network", socket < 0),
      ("other processes", sandbox_reaches_parent() == 0),
      ("changes to files", truncate(file, 0) != 0),
    ]
    for (what, isRefused) in results {
      Swift.print("\(what): \(isRefused ? "refused" : "not refused")")
    }
    exit(results.allSatisfy(\.1) ? 0 : 1)
  }
}

private enum Output {
  static func printAll(of settings: ExtractionSettings, _ input: Input) {
    let context = ExtractionContext(settings) { print($0) }
    let file = InputFile(name: settings.name, bytes: input.bytes)
    do {
      let reader = try FormatReaders.reader(for: file, context)
      for text in try reader.read(file, context) { print(text) }
      for note in context.notes + context.leftOut.notes { print(.note(note)) }
      print(.end(type: reader.type))
    } catch {
      print(.failure("\(error)"))
    }
  }

  private static func print(_ text: ExtractedText) {
    var words = text.text
    words.makeContiguousUTF8()
    print(.text(path: text.path, bytes: words.utf8.count, places: text.places))
    words.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    [UInt8(10)].withUnsafeBytes(write)
  }

  static func print(_ record: ExtractionRecord) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard var line = try? encoder.encode(record) else { return }
    line.append(10)
    line.withUnsafeBytes(write)
  }

  private static func write(_ bytes: UnsafeRawBufferPointer) {
    var done = 0
    while done < bytes.count {
      let count = Foundation.write(
        STDOUT_FILENO, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { exit(1) }
      done += count
    }
  }
}
