import CKernels
import Dispatch

/// Brings in the weights of a model that is larger than memory, a layer ahead of their use, and lets
/// go of those that were used. As many layers as fit stay.
///
/// The kernel alone would drop what was used longest ago, which is what a pass over all layers needs
/// next. See `Stage`: with several blocks a layer, each pass over the file serves all of them.
final class WeightStreaming: @unchecked Sendable {
  /// Of the memory that may be used: above this share a model is streamed, and up to the other one
  /// layers stay. The rest is for states, buffers, and two layers on their way.
  private static let shares = (model: 0.8, staying: 0.5)

  /// Bytes of each layer, of all other tensors nothing.
  private let layers: [[UnsafeRawBufferPointer]]
  /// Layers that come and go, in their order.
  let streamed: [Int]
  // One thread asks for pages and lets go of them, in the order in which it was told.
  private let queue = DispatchQueue(label: "docproc.weights")

  /// nil where the whole model fits.
  /// - Parameter memory: bytes that may be used.
  init?(_ weights: ModelWeights, layers count: Int, memory: Int) {
    guard Double(weights.byteCount) > Self.shares.model * Double(memory) else { return nil }
    layers = (0..<count).map(weights.bytes(ofLayer:))
    let sizes = layers.map { $0.reduce(0) { $0 + $1.count } }
    // Embeddings and heads are used by rows, and where something is written.
    var room = Int(Self.shares.staying * Double(memory))
    let staying = sizes.prefix { size in
      room -= size
      return room >= 0
    }
    streamed = Array(staying.count..<count)
  }

  /// Called before a layer of a pass is used.
  func willUse(_ layer: Int) {
    guard let place = streamed.firstIndex(of: layer) else {
      // The first to come is brought in while those that stay are used.
      if layer == 0, let first = streamed.first { bringIn(first) }
      return
    }
    if place > 0 { letGo(streamed[place - 1]) }
    if place + 1 < streamed.count { bringIn(streamed[place + 1]) }
  }

  /// Called after the last layer of a pass.
  func didUseAll() { streamed.last.map(letGo) }

  private func bringIn(_ layer: Int) {
    queue.async { [self] in
      for bytes in layers[layer] { populate_pages(bytes.baseAddress, Int64(bytes.count)) }
    }
  }

  private func letGo(_ layer: Int) {
    queue.async { [self] in
      for bytes in layers[layer] { release_pages(bytes.baseAddress, Int64(bytes.count)) }
    }
  }

  /// Waits until what was asked for is done: the bytes may go afterwards.
  func finish() { queue.sync {} }
}
