import ArgumentParser
import Foundation

struct FlopsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flops",
    abstract:
      "State the operations of reading a document, by length, for three kinds of attention.",
    discussion: """
      The formulae of MiniMax-01 (arXiv 2501.08313, table 1), for n tokens, l layers of width d
      with h heads, forward and backward pass of one sequence:

        softmax    72 n l d^2 (1 + n/6d + 5/18d)
        lightning  72 n l d^2 (1 + 1/2h + 5/18d)
        hybrid     72 n l d^2 (1 + n/48d + 7/16h + 5/18d)    one softmax layer of eight
      """)

  @Option(help: "Width of the stream (d).")
  var width = 2048

  @Option(help: "Layers (l).")
  var layers = 16

  @Option(help: "Attention heads.")
  var heads = 16

  @Option(help: "Lengths in tokens, separated by commas.")
  var tokens = "1024,8192,32768,131072,1048576"

  @Flag(help: "Print JSON.")
  var json = false

  struct Entry: Encodable, Equatable {
    let tokens: Int
    let softmax: Double
    let lightning: Double
    let hybrid: Double

    /// Operations of forward and backward pass over `tokens`.
    init(tokens: Int, width: Int, layers: Int, heads: Int) {
      let n = Double(tokens)
      let d = Double(width)
      let l = Double(layers)
      let h = Double(heads)
      let base = 72 * n * l * d * d
      let norms = 5 / (18 * d)
      self.tokens = tokens
      softmax = base * (1 + n / (6 * d) + norms)
      lightning = base * (1 + 1 / (2 * h) + norms)
      hybrid = base * (1 + n / (48 * d) + 7 / (16 * h) + norms)
    }
  }

  func validate() throws {
    guard width > 0, layers > 0, heads > 0 else {
      throw ValidationError("--width, --layers and --heads must be positive")
    }
  }

  func run() throws {
    let entries = try BenchCommand.depths(tokens).map {
      Entry(tokens: $0, width: width, layers: layers, heads: heads)
    }
    if json { return print(JSONText.pretty(entries)) }
    print(
      "operations in 10^12, and what is saved against softmax (about "
        + "\(12 * layers * width * width / 1_000_000) M parameters without embeddings)"
    )
    for entry in entries {
      print(
        String(
          format:
            "%9d tokens: softmax %.4g, lightning %.4g (%.1f%% fewer), hybrid %.4g (%.1f%% fewer)",
          entry.tokens, entry.softmax / 1e12,
          entry.lightning / 1e12, 100 * (1 - entry.lightning / entry.softmax), entry.hybrid / 1e12,
          100 * (1 - entry.hybrid / entry.softmax)))
    }
  }
}
