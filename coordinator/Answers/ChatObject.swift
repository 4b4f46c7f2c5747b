import HTTPTypes
import Jobs
import Results
import Schemas

/// Answers as `/v1/chat/completions` gives them.
enum ChatObject {
  /// - Throws: `APIError` where the job came to nothing.
  static func completion(_ view: AnswerView) throws -> JSON {
    try check(view)
    return [
      "id": .string(view.response.id), "object": "chat.completion",
      "created": .integer(view.response.createdAt), "model": view.request["model"],
      "choices": [
        [
          "index": 0, "finish_reason": .string(finish(view)), "logprobs": nil,
          "message": message(view),
        ]
      ],
      "usage": usage(view), "docproc": view.own,
    ]
  }

  private static func message(_ view: AnswerView) -> JSON {
    var members: [String: JSON] = [
      "role": "assistant", "content": view.calls.isEmpty ? .string(view.text) : nil,
      "refusal": nil, "annotations": .array([]),
      "reasoning_content": JSON(view.record?.reasoning),
    ]
    if !view.calls.isEmpty { members["tool_calls"] = .array(calls(of: view)) }
    return .object(members)
  }

  private static func calls(of view: AnswerView) -> [JSON] {
    view.calls.enumerated().map { index, call in
      [
        "id": .string(view.callID(index)), "type": "function",
        "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
      ]
    }
  }

  /// All calls, as a piece of a stream has them.
  static func calls(_ view: AnswerView) -> JSON {
    let numbered = calls(of: view).enumerated().map { index, call in
      JSON.object((call.object ?? [:]).merging(["index": .integer(index)]) { $1 })
    }
    return ["tool_calls": .array(numbered)]
  }

  /// - Throws: `APIError` where the job came to nothing.
  static func check(_ view: AnswerView) throws {
    switch view.status.state {
    case .failed:
      throw APIError(
        .internalServerError, "The job failed: \(view.status.error ?? "it is not known why")",
        type: "server_error", code: "job_failed", isWorthRetrying: false)
    case .cancelled: throw APIError.conflict("The job was cancelled.")
    default: return
    }
  }

  static func finish(_ view: AnswerView) -> String {
    view.calls.isEmpty ? view.isCut ? "length" : "stop" : "tool_calls"
  }

  static func usage(_ view: AnswerView) -> JSON {
    guard let usage = view.usage else { return .null }
    return [
      "prompt_tokens": .integer(usage.input), "completion_tokens": .integer(usage.output),
      "total_tokens": .integer(usage.input + usage.output),
      "prompt_tokens_details": ["cached_tokens": .integer(usage.cached)],
      "completion_tokens_details": ["reasoning_tokens": .integer(usage.reasoning)],
    ]
  }

  /// A piece of a stream.
  static func chunk(_ view: AnswerView, delta: JSON, finish: String? = nil) -> JSON {
    .object(
      base(view, [["index": 0, "delta": delta, "finish_reason": JSON(finish), "logprobs": nil]]))
  }

  /// The last piece, where figures are wanted.
  static func figures(_ view: AnswerView) -> JSON {
    var members = base(view, [])
    members["usage"] = usage(view)
    members["docproc"] = view.own
    return .object(members)
  }

  private static func base(_ view: AnswerView, _ choices: JSON) -> [String: JSON] {
    [
      "id": .string(view.response.id), "object": "chat.completion.chunk",
      "created": .integer(view.response.createdAt), "model": view.request["model"],
      "choices": choices,
    ]
  }
}
