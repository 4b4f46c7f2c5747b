import CKernels

/// A decoder with its weights: token ids in, logits and a reading state out.
///
/// One thread at a time may use a model; its workspace is shared by all calls.
package final class LanguageModel {
  package let description: ModelDescription
  let embedding: Linear  // [vocabulary, hidden]
  let layers: [DecoderLayer]
  let norm: RMSNorm
  let head: Linear  // [vocabulary, hidden]
  let scaling: StreamScaling
  private let workspace: Workspace
  /// The layers, cut into parts that follow each other.
  private(set) var stages: [Stage]
  /// Blocks of the grid that go through a layer before the next layer's turn: what one step of the
  /// experts' rows is put together from.
  package var superblock: Int
  /// Brings in weights that memory has no room for; nil where all fit.
  private(set) var streaming: WeightStreaming?
  /// Where the time of calls is counted; nil: nowhere.
  package var profile: ComputeProfile? {
    get { workspace.profile }
    set { workspace.profile = newValue }
  }
  /// Loops over the threads so far: at the end of each, all threads wait for the last.
  package var loops: Int { workspace.parallel.loops }

  /// Rows that the head takes at once when the logits of all are wanted.
  private static let headRows = 32

  init(
    description: ModelDescription, embedding: Linear, layers: [DecoderLayer], norm: RMSNorm,
    head: Linear,
    scaling: StreamScaling = StreamScaling(), parallel: Parallel
  ) throws {
    self.scaling = scaling
    self.description = description
    self.embedding = embedding
    self.layers = layers
    self.norm = norm
    self.head = head
    workspace = try Workspace(parallel: parallel)
    stages = [Stage(layers: layers[...])]
    superblock = layers.contains(where: \.feedForward.isSparse) ? Self.usualSuperblock : 1
  }

  /// Experts get some hundred rows each then, and the stream of so many blocks stays small.
  private static let usualSuperblock = 8

  /// Reads on with weights that come and go, if they are too many for the memory that may be used.
  func stream(_ weights: ModelWeights, memory: Int = MemoryLimit().usable) {
    streaming = WeightStreaming(weights, layers: layers.count, memory: memory)
    if streaming != nil { superblock = Self.usualSuperblock }
  }

  deinit { streaming?.finish() }

  /// Cuts the layers into stages before each of these; for tests, and for stages that stand apart.
  func cut(before layers: [Int]) {
    let ends = [0] + layers + [self.layers.count]
    stages = zip(ends, ends.dropFirst()).map { Stage(layers: self.layers[$0..<$1]) }
  }

  /// An empty state.
  /// - Parameter precision: of the keys and values of `softmax` layers.
  package func makeState(_ precision: StoredPrecision = .float16) -> ReadingState {
    ReadingState(layers: layers.map { $0.mixer.makeState(precision) })
  }

  /// A copy of a state in which layers of some kinds have forgotten everything.
  package func forgetting(_ kinds: Set<MixerKind>, _ state: ReadingState) -> ReadingState {
    let fork = state.fork()
    let kept = zip(layers, fork.layers).map { layer, memory in
      kinds.contains(layer.mixer.kind) ? layer.mixer.makeState(.float16) : memory
    }
    return ReadingState(layers: kept, position: state.position)
  }

  /// Bytes that a state takes after this many tokens, at most.
  package func stateBytes(at tokens: Int) -> Int {
    layers.reduce(0) { $0 + $1.mixer.stateBytes(at: tokens) }
  }

  /// Operations (a multiplication and an addition are two) of reading the token at this
  /// depth: products with the active weights of the layers, and the mixers' own. The head is
  /// not among them, since reading does not use it.
  package func operations(at depth: Int) -> Double {
    layers.reduce(0) { $0 + 2 * Double($1.parameters.active) + $1.mixer.operations(at: depth) }
  }

  /// Bytes of weights and of state that generating one token streams from memory.
  package func streamedBytes(at depth: Int) -> Int {
    let active = description.activeParameters, total = max(description.parameters, 1)
    return Int(Double(description.bytes) * Double(active) / Double(total)) + stateBytes(at: depth)
  }

  /// Reads tokens into the state.
  ///
  /// - Parameters:
  ///   - trace: gets the attention these tokens pay to earlier ones.
  ///   - atBoundary: called when a block of the grid is complete and before layers
  ///     forget anything: the place to tell them what matters.
  /// - Throws: `ModelError.tokenOutOfRange`, before anything is read; and what `atBoundary` throws.
  package func read(
    _ tokens: some Collection<Int32>, into state: ReadingState, trace: AttentionTrace? = nil,
    atBoundary: (ReadingState) throws -> Void = { _ in }
  ) throws {
    try check(tokens)
    _ = try run(Array(tokens), state, trace: trace, atBoundary: atBoundary) { _, _ in }
  }

  /// Reads tokens and returns the logits [vocabulary] after the last of them.
  /// - Throws: as `read`.
  package func logits(
    after tokens: some Collection<Int32>, state: ReadingState, trace: AttentionTrace? = nil,
    atBoundary: (ReadingState) throws -> Void = { _ in }
  ) throws -> [Float] {
    try check(tokens)
    var last: [Float] = []
    let count = tokens.count
    try run(Array(tokens), state, trace: trace, atBoundary: atBoundary) { [self] hidden, range in
      if range.upperBound == count {
        last = try project(hidden + (range.count - 1) * embedding.inputs)
      }
    }
    return last
  }

  /// Reads tokens and passes on the logits after each of them, or after the last only.
  package func forEachLogits(
    of tokens: some Collection<Int32>, state: ReadingState, lastOnly: Bool = false,
    _ body: (_ index: Int, _ logits: [Float]) throws -> Void
  ) throws {
    try check(tokens)
    let count = tokens.count
    try run(Array(tokens), state, trace: nil, atBoundary: { _ in }) { [self] hidden, range in
      if lastOnly {
        if range.upperBound == count {
          try body(count - 1, try project(hidden + (range.count - 1) * embedding.inputs))
        }
        return
      }
      for first in stride(from: 0, to: range.count, by: Self.headRows) {
        let rows = first..<min(range.count, first + Self.headRows)
        let logits = try project(hidden + first * embedding.inputs, rows: rows.count)
        for row in rows {
          let start = (row - first) * head.outputs
          try body(range.lowerBound + row, Array(logits[start..<start + head.outputs]))
        }
      }
    }
  }

  /// One token for each of several states, such as forks of one reading that answer different
  /// questions: the weights are streamed once for up to eight of them.
  ///
  /// - Returns: the logits [vocabulary] after each.
  /// - Throws: `ModelError`, before anything is read.
  package func logits(afterEach tokens: [(token: Int32, state: ReadingState)]) throws -> [[Float]] {
    try check(tokens.map(\.token))
    let inputs = tokens.map { (Rows(count: 1, position: $0.state.position, trace: nil), $0.state) }
    let hidden = try forward(tokens.map(\.token), [Stage.Step(inputs: inputs)])
    for state in tokens.map(\.state) where state.position % ReadingGrid.block == 0 {
      for layer in state.layers { layer.closeBlock() }
    }

    let logits = try project(hidden, rows: tokens.count)
    return tokens.indices.map { Array(logits[$0 * head.outputs..<($0 + 1) * head.outputs]) }
  }

  private func check(_ tokens: some Collection<Int32>) throws {
    guard !tokens.isEmpty else { throw ModelError.noTokens }
    if let outside = tokens.first(where: { $0 < 0 || $0 >= Int32(embedding.outputs) }) {
      throw ModelError.tokenOutOfRange(id: outside, vocabulary: embedding.outputs)
    }
  }

  private func run(
    _ tokens: [Int32], _ state: ReadingState, trace: AttentionTrace?,
    atBoundary: (ReadingState) throws -> Void,
    _ body: (_ hidden: UnsafePointer<Float>, _ range: Range<Int>) throws -> Void
  ) throws {
    // Layers that choose what they keep are told what matters after each block.
    let most = trace == nil && !state.chooses ? max(1, superblock) : 1
    var start = 0
    while start < tokens.count {
      let room = ReadingGrid.block - state.position % ReadingGrid.block
      let blocks = min(most, (tokens.count - start) / ReadingGrid.block)
      let isWhole = room == ReadingGrid.block && blocks > 1
      let count = isWhole ? blocks * room : min(tokens.count - start, room)
      let range = start..<start + count
      try body(try forward(range.steps.map { tokens[$0] }, state, trace), range)
      if state.position % ReadingGrid.block == 0 {
        try atBoundary(state)
        for layer in state.layers { layer.closeBlock() }
      }
      start = range.upperBound
    }
  }

  /// The stream [rows, hidden] after the last layer, for blocks of one reading.
  private func forward(
    _ blocks: [ArraySlice<Int32>], _ state: ReadingState, _ trace: AttentionTrace?
  ) throws -> UnsafePointer<Float> {
    var position = state.position
    let steps = blocks.indices.map { index in
      defer { position += blocks[index].count }
      let rows = Rows(count: blocks[index].count, position: position, trace: trace)
      return Stage.Step(inputs: [(rows, state)], closesBlock: index + 1 < blocks.count)
    }
    return try forward(Array(blocks.joined()), steps)
  }

  /// The stream [rows, hidden] after the last layer, rows in the tokens' order.
  /// - Throws: `ModelError.notFinite`; the states have then read a part of the layers.
  private func forward(_ tokens: [Int32], _ steps: [Stage.Step]) throws -> UnsafePointer<Float> {
    let width = embedding.inputs
    let hidden = workspace.buffer("stream", max(tokens.count, ReadingGrid.block) * width)
    workspace.timed(.embedding) {
      for (row, token) in tokens.enumerated() {
        embedding.row(Int(token), into: hidden + row * width)
      }
    }
    if scaling.embedding != 1 {
      for index in 0..<tokens.count * width { hidden[index] *= scaling.embedding }
    }
    try Finite.require(hidden, tokens.count * width, "the embedding")

    // Of a few tokens' experts most are not used: they are read as they are needed.
    let streaming = tokens.count < ReadingGrid.block ? nil : streaming
    for stage in stages {
      try stage(hidden, steps, hidden: width, workspace) { streaming?.willUse($0) }
    }
    streaming?.didUseAll()
    for input in steps.flatMap(\.inputs) { input.state.position += input.rows.count }
    return UnsafePointer(hidden)
  }

  /// logits [rows, vocabulary] = W_head norm(hidden), accumulated in fp32 (in int32 where
  /// the head is quantized).
  /// - Throws: `ModelError.notFinite`
  private func project(_ hidden: UnsafePointer<Float>, rows: Int = 1) throws -> [Float] {
    let normed = workspace.buffer("head.normed", rows * embedding.inputs)
    norm(hidden, rows: rows, into: normed, workspace.parallel)
    if scaling.head != 1 {
      for index in 0..<rows * embedding.inputs { normed[index] *= scaling.head }
    }

    let logits = workspace.timed(.head) {
      [Float](unsafeUninitializedCapacity: rows * head.outputs) { buffer, count in
        if let target = buffer.baseAddress { head(normed, rows: rows, into: target, workspace) }
        count = rows * head.outputs
      }
    }
    try logits.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { try Finite.require(base, buffer.count, "the head") }
    }
    return logits
  }
}

extension Range<Int> {
  /// Blocks of the grid from the first on.
  fileprivate var steps: [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: ReadingGrid.block).map {
      $0..<Swift.min($0 + ReadingGrid.block, upperBound)
    }
  }
}

/// Constants that the stream is multiplied with where it begins and where it ends.
struct StreamScaling {
  var embedding: Float = 1
  var head: Float = 1
}
