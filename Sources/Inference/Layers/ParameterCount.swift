/// Weights of a part of the model, in numbers.
package struct ParameterCount: Sendable, Equatable {
  package var total: Int
  /// Those that one token's computation multiplies with.
  package var active: Int

  init(total: Int, active: Int) {
    self.total = total
    self.active = active
  }
  init(all: Int) { self.init(total: all, active: all) }

  static func + (a: Self, b: Self) -> Self {
    Self(total: a.total + b.total, active: a.active + b.active)
  }
}
