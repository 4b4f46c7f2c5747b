import Inference
import CKernels
import Foundation

/// Rewrites a model folder with narrower weights, tensor by tensor and panel by panel:
/// neither the source nor the result has to fit in memory.
package struct ModelQuantization {
  package enum Precision: String, Sendable, CaseIterable {
    case bf16, int8, int4
  }

  package let precision: Precision

  package init(_ precision: Precision) { self.precision = precision }

  /// Rows of weights that are widened at a time.
  private static let rowsAtOnce = QuantizedLayout.columns

  /// Writes the folder `target`, which must not exist; it appears complete or not at all.
  ///
  /// - Returns: bytes of weights before and after.
  /// - Throws: `ModelError` for a source that is no model folder, or is quantized already.
  @discardableResult
  package func convert(_ source: String, to target: String, progress: (String) -> Void = { _ in })
    throws -> (before: Int, after: Int)
  {
    guard !FileManager.default.fileExists(atPath: target) else {
      throw ModelError.unreadable(
        path: target, reason: "it exists already; name a folder that does not")
    }

    let weights = try ModelWeights(folder: source)
    let configuration = try ModelConfiguration(folder: source)
    if let quantized = weights.names.first(where: { weights.type(of: $0) == .uint8 }) {
      throw ModelError.unreadable(
        path: source,
        reason: "its tensor \(quantized) is quantized already; start from the wide weights")
    }

    let work = target + ".partial-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: work) }
    let plans = try weights.names.sorted().compactMap { try plan(weights, $0) }
    // The format has no gaps: tensors of odd sizes come last, so that none is put out of line by
    // them.
    let entries = plans.filter(\.entry.keepsAlignment) + plans.filter { !$0.entry.keepsAlignment }
    let writer = try SafetensorsWriter(
      path: work + "/model.safetensors", entries: entries.map(\.entry))
    for item in entries {
      progress(item.entry.name)
      try write(item, weights, writer)
    }

    try writer.close()
    try copyOtherFiles(from: source, to: work, configuration)
    try FileManager.default.moveItem(atPath: work, toPath: target)

    return (weights.byteCount, entries.reduce(0) { $0 + $1.entry.byteCount })
  }

  private struct Item {
    let entry: SafetensorsWriter.Entry
    let precision: Precision?  // nil: as it is
  }

  private func plan(_ weights: ModelWeights, _ name: String) throws -> Item? {
    guard let shape = weights.shape(of: name), let type = weights.type(of: name) else {
      return nil
    }
    if name.hasSuffix("_scale_inv") { return nil }  // is in the widened weights
    guard isProjection(name, shape) else {
      return Item(
        entry: .init(name: name, type: type.hasVectorProduct ? type : .float32, shape: shape),
        precision: nil)
    }

    // Embeddings and heads are looked up row by row, and their errors are not averaged out.
    let chosen = precision == .int4 && Self.vocabularies.contains(name) ? .int8 : precision
    switch chosen {
    case .bf16: return Item(entry: .init(name: name, type: .bfloat16, shape: shape), precision: nil)
    case .int8:
      let packed = QuantizedLayout.int8Shape(outputs: shape[0], inputs: shape[1])
      return Item(entry: .init(name: name, type: .uint8, shape: packed), precision: .int8)
    case .int4:
      let packed = QuantizedLayout.int4Shape(outputs: shape[0], inputs: shape[1])
      return Item(entry: .init(name: name, type: .uint8, shape: packed), precision: .int4)
    }
  }

  private static let vocabularies = [
    "model.embed_tokens.weight", "model.word_embeddings.weight", "lm_head.weight",
  ]

  /// Routers choose experts, and a small difference there is a large one after them: they stay
  /// wide. So does MiniMax's shared expert, whose width only its tensors' shapes tell.
  private func isProjection(_ name: String, _ shape: [Int]) -> Bool {
    let routers = [".gate.weight", ".coefficient.weight"]
    return shape.count == 2 && !name.contains(".shared_mlp.") && name.hasSuffix(".weight")
      && shape[0] > 1 && shape[1] >= Int(INT4_GROUP)
      && !routers.contains(where: name.hasSuffix)
  }

  /// What fp16, in which scales are kept, can hold.
  private static let largest: Float = 65_504

  private func write(_ item: Item, _ weights: ModelWeights, _ writer: SafetensorsWriter) throws {
    guard let shape = weights.shape(of: item.entry.name) else { return }

    let tensor = try weights.tensor(item.entry.name, shape: shape)
    let rowCount = shape.dropLast().reduce(1, *)
    try writer.begin(item.entry.name)
    for first in stride(from: 0, to: rowCount, by: Self.rowsAtOnce) {
      let rows = tensor.rows(first, count: min(Self.rowsAtOnce, rowCount - first))
      // Packed they would be plausible numbers.
      guard rows.allSatisfy({ $0.isFinite && abs($0) <= Self.largest }) else {
        throw ModelError.notFinite(part: "tensor \(item.entry.name)")
      }
      if let precision = item.precision {
        try writer.append(bytes: Self.panel(rows, inputs: tensor.width, precision))
      } else {
        try writer.append(rows)
      }
    }
  }

  /// One panel of up to 64 rows.
  private static func panel(_ rows: [Float], inputs: Int, _ precision: Precision) -> [UInt8] {
    let shape = precision == .int4 ? QuantizedLayout.int4Shape : QuantizedLayout.int8Shape
    var panel = [UInt8](repeating: 0, count: shape(1, inputs).reduce(1, *))
    let pack = precision == .int4 ? pack_panel4 : pack_panel8
    pack(&panel, rows, Int64(rows.count / inputs), Int64(inputs))
    return panel
  }

  private func copyOtherFiles(
    from source: String, to target: String, _ configuration: ModelConfiguration
  ) throws {
    var values = configuration.values
    values["quantization_config"] = .object([
      "quant_method": .string("docproc"), "weights": .string(precision.rawValue),
    ])
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(values).write(to: URL(fileURLWithPath: target + "/config.json"))
    for name in try FileManager.default.contentsOfDirectory(atPath: source)
    where name != "config.json" && !name.contains(".safetensors") && !name.hasSuffix(".bin") {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: source + "/" + name, isDirectory: &isFolder),
        !isFolder.boolValue
      else { continue }
      try FileManager.default.copyItem(atPath: source + "/" + name, toPath: target + "/" + name)
    }
  }
}
