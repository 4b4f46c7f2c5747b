import Inference
import CKernels
import COpenBLAS
import Foundation

/// What this host's cores and memory can do, measured with the engine's own products: the
/// yardstick for a model's speed.
package struct Throughput {
  private let parallel: Parallel

  package init(threads: Int = 0) { parallel = Parallel(threads: threads) }

  /// Integer operations a second of 8-bit products without scales: [516, 576] x [576, 64] in
  /// cache, all threads at once, best of several; 0 where the CPU has no instructions for them.
  package func integerOperations() -> Double {
    let rows = 516
    let inputs = 576
    let rounds = 40
    let operations = Double(2 * rows * Int(PANEL_COLUMNS) * inputs * rounds)
    guard let peak = integer_kernels().pointee.peak8 else { return 0 }

    return best { _ in
      for _ in 0..<rounds { peak(Int64(rows), Int64(inputs)) }
      return operations
    }
  }

  /// fp32 operations a second of the BLAS library: [512, 576] x [576, 512].
  package func floatOperations() -> Double {
    guard openblas_load() == nil else { return 0 }

    let n = 512
    let k = 576
    let rounds = 8
    let buffers = (0..<parallel.threads).map { _ in
      (FloatBuffer(n * k), FloatBuffer(n * k), FloatBuffer(n * n))
    }

    return best { thread in
      let (a, b, c) = buffers[thread]
      for _ in 0..<rounds {
        openblas_gemm(
          Int32(n), Int32(n), Int32(k), 1, a.pointer, Int32(k), b.pointer, Int32(k), 1, 0,
          c.pointer, Int32(n))
      }
      return Double(2 * n * n * k * rounds)
    }
  }

  /// Bytes a second that all threads read together from 512 MiB, best of several.
  package func memoryBandwidth() -> Double {
    let share = (512 << 20) / parallel.threads / 4
    let buffers = (0..<parallel.threads).map { _ in FloatBuffer(share) }
    return best { thread in Double(sum_bytes(buffers[thread].pointer, Int64(4 * share))) }
  }

  /// The greatest sum over threads of work / time, of which `work` returns the first.
  private func best(_ work: @escaping (Int) -> Double) -> Double {
    var best = 0.0
    for _ in 0..<6 {
      let done = FloatBuffer(parallel.threads)
      let start = ContinuousClock.now
      parallel.forEach(parallel.threads) { thread, _ in done.pointer[thread] = Float(work(thread)) }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let total = (0..<parallel.threads).reduce(0.0) { $0 + Double(done.pointer[$1]) }
      best = max(best, total / seconds)
    }

    return best
  }
}
