import ModelTools
import ArgumentParser
import Foundation
import Host
import Inference

struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract:
      "Rewrite a model folder with narrower weights: smaller, and faster with int8 and int4.",
    discussion: """
      bf16  half the bytes of fp32, computed in fp32
      int8  one scale an output, 8-bit products: fastest reading
      int4  groups of 32 inputs with a scale and a minimum: fastest generating, least memory
      """)

  @Argument(help: "The model's name or folder.")
  var model: String

  @Argument(help: "The folder to write; it must not exist.", completion: .directory)
  var out: String

  @Option(name: .customLong("to"), help: "bf16, int8 or int4.")
  var precision: ModelQuantization.Precision

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    let path: String
    let precision: String
    let bytesBefore: Int
    let bytesAfter: Int

    enum CodingKeys: String, CodingKey {
      case path, precision
      case bytesBefore = "bytes_before"
      case bytesAfter = "bytes_after"
    }
  }

  func run() throws {
    let bytes = try ModelQuantization(precision).convert(DataHome.modelFolder(model), to: out)
    let report = Report(
      path: out, precision: precision.rawValue, bytesBefore: bytes.before, bytesAfter: bytes.after)
    if json { return print(JSONText.line(report)) }
    print(
      "\(out): \(precision.rawValue), \(bytes.before >> 20) MiB of weights became "
        + "\(bytes.after >> 20) MiB"
    )
  }
}

extension ModelQuantization.Precision: ExpressibleByArgument {}
