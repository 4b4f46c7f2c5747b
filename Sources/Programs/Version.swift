/// Of the programs, which belong together.
package enum Version {
  package static let text = "0.9.0"
}
