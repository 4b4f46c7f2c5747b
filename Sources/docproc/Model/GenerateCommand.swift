import ArgumentParser
import Foundation
import Host
import Inference

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Continue a text with a model.")

  @Argument(help: "The model's name or folder.")
  var directory: String

  @Option(help: "The text to continue.")
  var prompt: String

  @Option(help: "The most tokens to generate.")
  var maxTokens = 64

  @Option(help: "0 takes the most likely token each time; higher is more varied.")
  var temperature = 0.0

  @Option(help: "Sample from the most likely tokens that make up this share.")
  var topP = 1.0

  @Option(help: "The same seed gives the same text.")
  var seed: UInt64 = 0

  @OptionGroup var computing: ThreadOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard maxTokens > 0 else { throw ValidationError("--max-tokens must be positive") }
    guard temperature >= 0, (0...1).contains(topP) else {
      throw ValidationError(
        "--temperature must not be negative, and --top-p must be within 0 and 1")
    }
  }

  func run() throws {
    let generator = try TextGenerator(
      folder: DataHome.modelFolder(directory), threads: computing.threads)
    let sampling = SamplingOptions(temperature: temperature, topP: topP, seed: seed)
    let text = try generator.complete(prompt, maximumTokens: maxTokens, sampling: sampling)
    print(json ? JSONText.line(["prompt": prompt, "text": text]) : text)
  }
}
