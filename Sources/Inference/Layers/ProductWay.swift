/// How products with weights are made. The two differ in their last bits.
enum ProductWay {
  /// Row by row: the weights are streamed, and little is computed.
  case vectors
  /// Tile by tile: what is streamed is used for many rows.
  case matrix

  /// Up to here rows are few: as many as answers are written together.
  private static let fewRows = 8

  static func of(rows: Int) -> ProductWay { rows <= fewRows ? .vectors : .matrix }
}
