import CKernels
import Foundation

/// MiniMax-01's lightning attention (arXiv 2501.08313, section 2.2; wiring of the
/// published modelling code):
///
///     qkv = silu(W_qkv x), rows interleaved per head: q, k, v of head 0, of head 1, ...
///     S_t = exp(-slope_h) S_{t-1} + k_t v_t^T,  o_t = q_t S_t
///     y   = W_out(sigmoid(W_gate x) * rms_norm(o))
struct LightningMixer: Mixer {
  let kind = MixerKind.lightning
  let heads: Int
  let headDim: Int
  let slopes: [Float]  // [heads], decay is exp(-slope)
  let qkv: Linear  // [heads * 3 * headDim, hidden]
  let gate: Linear  // [heads * headDim, hidden]
  let norm: RMSNorm  // [heads * headDim]
  let out: Linear  // [hidden, heads * headDim]

  func makeState() -> any MixerState { LightningState(heads: heads, headDim: headDim) }

  func mix(_ x: UnsafePointer<Float>, _ block: Block, state: any MixerState, into y: UnsafeMutablePointer<Float>, _ workspace: Workspace) {
    guard let state = state as? LightningState else { preconditionFailure("a lightning layer got another layer's state") }
    let width = heads * headDim
    let projected = workspace.buffer("lightning.qkv", block.rows * 3 * width)
    let mixed = workspace.buffer("lightning.mixed", block.rows * width)
    let gates = workspace.buffer("lightning.gate", block.rows * width)
    Linear.apply([(qkv, projected), (gate, gates)], to: x, rows: block.rows, workspace)
    workspace.parallel.forRanges(block.rows, grain: 8) { range in
      kernels().pointee.silu(projected + range.lowerBound * 3 * width, Int64(range.count * 3 * width))
    }
    attend(projected, rows: block.rows, state: state, into: mixed, workspace)
    norm(mixed, rows: block.rows, into: mixed, workspace.parallel)
    workspace.parallel.forRanges(block.rows, grain: 16) { range in
      let start = range.lowerBound * width
      kernels().pointee.sigmoid_mul(mixed + start, gates + start, Int64(range.count * width))
    }
    out(mixed, rows: block.rows, into: y, workspace)
  }

  private func attend(
    _ projected: UnsafePointer<Float>, rows: Int, state: LightningState, into mixed: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let width = heads * headDim
    let block = Int(LIGHTNING_BLOCK)
    let matrices = state.matrices.pointer
    workspace.parallel.forEach(heads) { thread, head in
      let scratch = workspace.scratch(thread).buffer("lightning", block * (block + 2 * headDim))
      let q = projected + head * 3 * headDim
      kernels().pointee.lightning(
        mixed + head * headDim, Int64(width), q, Int64(3 * width), q + headDim, Int64(3 * width),
        q + 2 * headDim, Int64(3 * width), matrices + head * headDim * headDim, slopes[head],
        Int64(rows), Int64(headDim), scratch)
    }
  }
}

/// S [heads, head_dim, head_dim] in fp32: rows are key elements, columns values.
final class LightningState: MixerState {
  let matrices: FloatBuffer

  init(heads: Int, headDim: Int) { matrices = FloatBuffer(heads * headDim * headDim) }
  private init(_ matrices: FloatBuffer) { self.matrices = matrices }

  func copy() -> any MixerState { LightningState(matrices.resized(to: matrices.count)) }
  var byteCount: Int { matrices.count * 4 }
  var numbers: [Float] { Array(UnsafeBufferPointer(start: matrices.pointer, count: matrices.count)) }
}

/// Decay slopes as the authors' code builds them.
enum LightningSlopes {
  /// ALiBi's slopes (arXiv 2108.12409): 2^(-8(h+1)/H) for a power of two, else
  /// those of the next lower power and every second one of the next higher.
  static func alibi(heads: Int) -> [Double] {
    let power = 1 << (Int.bitWidth - 1 - heads.leadingZeroBitCount)
    let base = (1...power).map { exp2(-8 * Double($0) / Double(power)) }
    if power == heads { return base }
    let finer = (1...2 * power).map { exp2(-8 * Double($0) / Double(2 * power)) }
    return base + stride(from: 0, to: 2 * power, by: 2).map { finer[$0] }.prefix(heads - power)
  }
}
