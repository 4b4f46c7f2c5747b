import Foundation
import TestSupport

/// Small models of every kind, one thing of which is changed.
struct ModelInputs: Sendable {
  private let folders: [String]
  private let files: [String]
  private let tokenizers: [String]

  init() throws {
    let manager = FileManager.default
    func children(_ name: String, _ isWanted: (String) -> Bool) throws -> [String] {
      let folder = Repository.fixture(name)
      return try manager.contentsOfDirectory(atPath: folder).sorted().map { folder + "/" + $0 }
        .filter(isWanted)
    }
    folders = try children("models") { manager.fileExists(atPath: $0 + "/config.json") }
    files = try children("gguf") { $0.hasSuffix(".gguf") }
    tokenizers = try children("tokenizers") { manager.fileExists(atPath: $0 + "/tokenizer.json") }
  }

  /// - Returns: the model's path, and what was changed in it.
  func write(
    to directory: String, _ random: inout SplitMix
  ) throws -> (path: String, what: String, isTokenizer: Bool) {
    switch random.bits() % 10 {
    case 0...1:
      let source = files[Int(random.bits() % UInt64(files.count))]
      let path = directory + "/model.gguf"
      let what = try Change.bytes(of: source, to: path, &random)
      return (path, "\(name(source)), \(what)", false)
    case 2:
      let source = tokenizers[Int(random.bits() % UInt64(tokenizers.count))]
      let folder = directory + "/model"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let what = try Change.json(
        of: source + "/tokenizer.json", to: folder + "/tokenizer.json", &random)
      return (folder, "\(name(source)), \(what)", true)
    default:
      return try folder(to: directory + "/model", &random)
    }
  }

  private func folder(
    to folder: String, _ random: inout SplitMix
  ) throws -> (path: String, what: String, isTokenizer: Bool) {
    let source = folders[Int(random.bits() % UInt64(folders.count))]
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let names = try manager.contentsOfDirectory(atPath: source).sorted().filter {
      !$0.hasPrefix("golden")
    }
    for file in names {
      try manager.copyItem(atPath: source + "/" + file, toPath: folder + "/" + file)
    }
    if random.bits() % 8 == 0 {
      let prompt = folder + "/prompt.json"
      try Self.prompt.write(toFile: prompt, atomically: false, encoding: .utf8)
      let what =
        random.bits() % 4 == 0
        ? try Change.bytes(of: prompt, to: prompt, &random)
        : try Change.json(of: prompt, to: prompt, &random)
      return (folder, "\(name(source))/prompt.json, \(what)", false)
    }
    let weights = names.filter { $0.hasSuffix(".safetensors") }
    let file =
      random.bits() % 2 == 0
      ? "config.json" : weights[Int(random.bits() % UInt64(weights.count))]
    let from = source + "/" + file
    let to = folder + "/" + file
    try manager.removeItem(atPath: to)
    let what =
      switch random.bits() % 4 {
      case 0: try Change.bytes(of: from, to: to, &random)
      default:
        file == "config.json"
          ? try Change.json(of: from, to: to, &random)
          : try Change.header(of: from, to: to, &random)
      }
    return (folder, "\(name(source))/\(file), \(what)", false)
  }

  /// How a model is spoken to, with every kind of value.
  private static let prompt = """
    {"format": 1, "has_system_turn": true, "source": "family Qwen3", "stop": ["<|im_end|>"],
     "sampling": {"temperature": 0.6, "top_k": 20, "top_p": 0.95},
     "thinking": {"close": "</think>", "is_opened": false, "open": "<think>"},
     "turns": {"before_answer": [{"token": "<|im_end|>"}, {"text": "assistant"}],
       "before_system": [{"token": "<|im_start|>"}], "before_user": [{"text": "user"}]}}
    """

  private func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
}

/// Ways to change a file.
private enum Change {
  private static let integers: [UInt64] = [
    0, 1, 2, 3, 7, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 40, 1 << 62,
    0x7FFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF,
  ]
  /// As JSON has them; some are no JSON.
  private static let values = [
    "0", "1", "-1", "2", "3", "7", "64", "65536", "1000000", "2147483647", "4294967296",
    "9007199254740993", "4611686018427387904", "9223372036854775807", "-9223372036854775808",
    "18446744073709551616", "0.5", "-0.5", "1e-30", "1e30", "1e308", "1e999", "-10000", "null",
    "true", "false", "\"\"", "\"yarn\"", "\"linear\"", "\"NaN\"", "[]", "{}", "[0]", "[[[[1]]]]",
    "{\"factor\": 0}", "NaN",
  ]
  private static let patterns = ["(?R)", "(a+)+$", "(?:a+)+$", "[", "(?<x>a)(?&x)", "\\p{L}*", ""]

  private static func pick<Element>(_ list: [Element], _ random: inout SplitMix) -> Element {
    list[Int(random.bits() % UInt64(list.count))]
  }

  /// Some bytes become others, a number an extreme one, or the end is missing.
  static func bytes(of source: String, to target: String, _ random: inout SplitMix) throws -> String
  {
    var data = try Data(contentsOf: URL(fileURLWithPath: source))
    let what: String
    // Most that matters stands at the beginning.
    let reach = random.bits() % 3 == 0 ? data.count : min(data.count, 4096)
    let place = Int(random.bits() % UInt64(reach))
    switch random.bits() % 4 {
    case 0:
      data = data.prefix(place)
      what = "cut at \(place)"
    case 1:
      let number = pick(integers, &random)
      let bytes = withUnsafeBytes(of: number.littleEndian) { Array($0) }
      for (offset, byte) in bytes.enumerated() where place + offset < data.count {
        data[place + offset] = byte
      }
      what = "\(number) at \(place)"
    default:
      let count = 1 + Int(random.bits() % 8)
      for _ in 0..<count {
        let at = Int(random.bits() % UInt64(reach))
        data[at] = UInt8(truncatingIfNeeded: random.bits())
      }
      what = "\(count) bytes before \(reach)"
    }
    try data.write(to: URL(fileURLWithPath: target))
    return what
  }

  /// A value of a JSON file becomes another, or a key is gone.
  static func json(of source: String, to target: String, _ random: inout SplitMix) throws -> String
  {
    let text = try String(contentsOfFile: source, encoding: .utf8)
    let (changed, what) = changed(text, &random)
    try changed.write(toFile: target, atomically: false, encoding: .utf8)
    return what
  }

  /// The same in the header of a safetensors file, whose length stays true.
  static func header(
    of source: String, to target: String, _ random: inout SplitMix
  ) throws -> String {
    let data = try Data(contentsOf: URL(fileURLWithPath: source))
    let length = Int(data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    let text = String(decoding: data[8..<8 + length], as: UTF8.self)
    let (changed, what) = changed(text, &random)
    var result = Data()
    withUnsafeBytes(of: UInt64(changed.utf8.count).littleEndian) { result.append(contentsOf: $0) }
    result.append(contentsOf: changed.utf8)
    result.append(data[(8 + length)...])
    try result.write(to: URL(fileURLWithPath: target))
    return what
  }

  /// One of the values, which begin behind a colon, a bracket or a comma.
  private static func changed(_ text: String, _ random: inout SplitMix) -> (String, String) {
    var bytes = Array(text.utf8)
    let begins = bytes.indices.filter { index in
      index > 0 && ":[,".utf8.contains(bytes[index - 1])
    }
    guard !begins.isEmpty else { return (text, "nothing") }
    var begin = pick(begins, &random)
    while begin < bytes.count, bytes[begin] == UInt8(ascii: " ") { begin += 1 }
    var end = begin
    var isText = false
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\""), end == begin || bytes[end - 1] != UInt8(ascii: "\\") {
        isText.toggle()
      }
      if !isText, ",]}\n".utf8.contains(byte) { break }
      end += 1
    }
    let value =
      random.bits() % 8 == 0 ? "\"\(pick(patterns, &random))\"" : pick(values, &random)
    bytes.replaceSubrange(begin..<max(begin, end), with: Array(value.utf8))
    return (String(decoding: bytes, as: UTF8.self), "\(value) at \(begin)")
  }
}

extension SplitMix {
  /// Its next number as bits: it gives other types too.
  mutating func bits() -> UInt64 { next() }
}
