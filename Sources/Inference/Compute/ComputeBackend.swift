import CKernels
import COpenBLAS

/// What the numbers are computed with on this host.
package enum ComputeBackend {
  /// The instruction set of docproc's own kernels.
  package static var isa: String { String(cString: kernels().pointee.isa) }

  /// The instruction set of the integer kernels.
  package static var integerISA: String { String(cString: integer_kernels().pointee.name) }

  /// The BLAS library with its version and kernels.
  package static var blas: String { String(cString: openblas_description()) }
}
