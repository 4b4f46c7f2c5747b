import Foundation

/// Seconds from one checkpoint to the next: as many as cost least, saving and reading again taken
/// together (Young 1974, "A first order approximation to the optimum checkpoint interval").
struct CheckpointInterval: Equatable {
  /// Of a worker, before it ends without a word.
  var lifeSeconds = 86_400.0
  var floor = 30.0
  var ceiling = 600.0
  /// Given by the operator: then it is that.
  var fixed: Double?

  /// - Parameter cost: seconds that the last checkpoint took to make and to send.
  func seconds(cost: Double) -> Double {
    fixed ?? min(max((2 * cost * lifeSeconds).squareRoot(), floor), max(floor, ceiling))
  }
}
