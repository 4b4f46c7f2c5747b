/// What stands before a text: some vocabularies begin words otherwise there.
package enum TextPlace {
  /// Nothing: the text is the first.
  case first
  case afterControlToken
  /// Other text, which it goes on from.
  case afterText
}
