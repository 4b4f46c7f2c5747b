import CKernels

/// How a sublayer's output joins the stream.
struct Residual {
  /// True: the residual is the normed tensor (MiniMax-01's post-norm).
  let normed: Bool
  let alpha: Float
  let beta: Float

  static let plain = Residual(normed: false, alpha: 1, beta: 1)
}

/// norm -> mixer -> residual -> norm -> feed-forward -> residual.
struct DecoderLayer {
  let inputNorm: RMSNorm
  let mixer: any Mixer
  let mixerResidual: Residual
  let postNorm: RMSNorm
  let feedForward: any FeedForward
  let feedForwardResidual: Residual

  var parameters: ParameterCount { mixer.parameters + feedForward.parameters }

  /// The mixer's half: x [rows, hidden], in place.
  func mix(
    _ x: UnsafeMutablePointer<Float>, _ segments: [Segment], _ workspace: Workspace
  ) {
    let rows = segments.rowCount
    let count = rows * inputNorm.weight.count
    let normed = workspace.buffer("layer.normed", count)
    let output = workspace.buffer("layer.output", count)
    workspace.timed(.norms) { inputNorm(x, rows: rows, into: normed, workspace.parallel) }
    workspace.timed(.mixing) { mixer.mix(normed, segments, into: output, workspace) }
    workspace.timed(.norms) {
      join(x, normed, output, mixerResidual, count, workspace.parallel)
    }
  }

  /// The feed-forward half: x [rows, hidden] of steps that follow each other, in place.
  ///
  /// What all rows share is multiplied step by step, while it is in cache; experts, of which a step
  /// needs each for a few rows, with the rows of all steps at once.
  func feed(_ x: UnsafeMutablePointer<Float>, _ steps: [Int], _ workspace: Workspace) {
    let width = inputNorm.weight.count
    var first = 0
    for rows in feedForward.isSparse ? [steps.reduce(0, +)] : steps {
      feed(x + first * width, rows: rows, ofStep: steps.max() ?? rows, workspace)
      first += rows
    }
  }

  private func feed(
    _ x: UnsafeMutablePointer<Float>, rows: Int, ofStep stepRows: Int, _ workspace: Workspace
  ) {
    let count = rows * inputNorm.weight.count
    let normed = workspace.buffer("layer.normed", count)
    let output = workspace.buffer("layer.output", count)
    workspace.timed(.norms) { postNorm(x, rows: rows, into: normed, workspace.parallel) }
    workspace.timed(.feedForward) {
      feedForward(normed, rows: rows, ofStep: stepRows, into: output, workspace)
    }
    workspace.timed(.norms) {
      join(x, normed, output, feedForwardResidual, count, workspace.parallel)
    }
  }

  private func join(
    _ x: UnsafeMutablePointer<Float>, _ normed: UnsafePointer<Float>,
    _ output: UnsafePointer<Float>, _ residual: Residual, _ count: Int,
    _ parallel: Parallel
  ) {
    parallel.forRanges(count, grain: 16_384) { range in
      let start = range.lowerBound
      if residual.normed { (x + start).update(from: normed + start, count: range.count) }
      kernels().pointee.axpby(
        x + start, output + start, residual.alpha, residual.beta, Int64(range.count))
    }
  }
}
