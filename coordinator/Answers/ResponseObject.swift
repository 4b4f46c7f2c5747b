import Jobs
import Results

/// Answers as `/v1/responses` gives them.
enum ResponseObject {
  static func json(_ view: AnswerView) -> JSON {
    let request = view.request
    return [
      "id": .string(view.response.id), "object": "response",
      "created_at": .integer(view.response.createdAt), "status": .string(view.state),
      "background": request["background"], "model": request["model"],
      "instructions": request["instructions"], "max_output_tokens": request["max_tokens"],
      "metadata": request["metadata"], "previous_response_id": JSON(view.response.previous),
      "error": error(view), "incomplete_details": details(view),
      "output": view.record == nil || view.response.isCancelled ? [] : [message(view)],
      "parallel_tool_calls": false, "tool_choice": "none", "tools": [],
      "temperature": request["temperature"].isNull ? 0 : request["temperature"],
      "top_p": request["top_p"].isNull ? 1 : request["top_p"], "truncation": "disabled",
      "text": ["format": ["type": "text"]], "store": true,
      "reasoning": ["effort": nil, "summary": nil], "usage": usage(view), "docproc": view.own,
    ]
  }

  private static func error(_ view: AnswerView) -> JSON {
    guard view.status.state == .failed else { return .null }
    return ["code": "server_error", "message": .string(view.status.error ?? "it is not known why")]
  }

  private static func details(_ view: AnswerView) -> JSON {
    view.isCut ? ["reason": "max_output_tokens"] : .null
  }

  private static func usage(_ view: AnswerView) -> JSON {
    guard let usage = view.usage else { return .null }
    return [
      "input_tokens": .integer(usage.input),
      "input_tokens_details": ["cached_tokens": .integer(usage.cached), "cache_write_tokens": 0],
      "output_tokens": .integer(usage.output),
      "output_tokens_details": ["reasoning_tokens": .integer(usage.reasoning)],
      "total_tokens": .integer(usage.input + usage.output),
    ]
  }

  /// The id of the one message of a response.
  static func messageID(_ view: AnswerView) -> String {
    "msg_" + view.response.id.drop { $0 != "_" }.dropFirst()
  }

  static func part(_ view: AnswerView) -> JSON {
    [
      "type": "output_text", "text": .string(view.text), "annotations": view.citations,
      "logprobs": [],
    ]
  }

  static func message(_ view: AnswerView) -> JSON {
    [
      "id": .string(messageID(view)), "type": "message", "role": "assistant",
      "status": .string(view.isCut ? "incomplete" : "completed"), "content": [part(view)],
    ]
  }
}

/// The events of a response's stream. Their numbers are the same for whoever comes again: four
/// events begin, then each scalar of the text counts as one, and the others follow.
struct ResponseEvents {
  /// Events up to this number were seen before.
  let after: Int
  private var isBegun = false
  /// Scalars of the text that were sent.
  private var sent = 0

  init(after: Int) {
    self.after = after
    sent = max(0, after - Self.first)
  }

  typealias Event = (name: String, data: JSON)

  /// Events before the text.
  private static let first = 3

  private func event(_ name: String, _ number: Int, _ members: [String: JSON]) -> [Event] {
    guard number > after else { return [] }
    let all = members.merging(["type": .string(name), "sequence_number": .integer(number)]) { $1 }
    return [(name, .object(all))]
  }

  private static func place(_ view: AnswerView) -> [String: JSON] {
    [
      "item_id": .string(ResponseObject.messageID(view)), "output_index": 0, "content_index": 0,
    ]
  }

  /// - Parameter text: what is surely written by now.
  mutating func going(_ view: AnswerView, _ text: String) -> [Event] {
    begin(view) + delta(view, text)
  }

  private mutating func begin(_ view: AnswerView) -> [Event] {
    guard !isBegun else { return [] }
    isBegun = true
    let shown = ResponseObject.json(view)
    let item: JSON = [
      "id": .string(ResponseObject.messageID(view)), "type": "message", "role": "assistant",
      "status": "in_progress", "content": [],
    ]
    let part: JSON = ["type": "output_text", "text": "", "annotations": [], "logprobs": []]
    return event("response.created", 0, ["response": shown])
      + event("response.in_progress", 1, ["response": shown])
      + event("response.output_item.added", 2, ["output_index": 0, "item": item])
      + event(
        "response.content_part.added", Self.first, Self.place(view).merging(["part": part]) { $1 })
  }

  private mutating func delta(_ view: AnswerView, _ text: String) -> [Event] {
    let scalars = text.unicodeScalars
    guard scalars.count > sent else { return [] }
    let new = String(String.UnicodeScalarView(scalars.dropFirst(sent)))
    sent = scalars.count
    return event(
      "response.output_text.delta", Self.first + sent,
      Self.place(view).merging(["delta": .string(new), "logprobs": []]) { $1 })
  }

  /// The last events of a response whose job has ended.
  mutating func end(_ view: AnswerView) -> [Event] {
    guard view.record != nil, !view.response.isCancelled else {
      let name = "response." + (view.state == "cancelled" ? "cancelled" : "failed")
      return begin(view)
        + event(name, max(after, Self.first + sent) + 1, ["response": ResponseObject.json(view)])
    }
    let begun = begin(view) + delta(view, view.text)
    let last = Self.first + view.text.unicodeScalars.count
    let place = Self.place(view)
    let done = ["text": JSON.string(view.text), "logprobs": []]
    return begun
      + event("response.output_text.done", last + 1, place.merging(done) { $1 })
      + event(
        "response.content_part.done", last + 2,
        place.merging(["part": ResponseObject.part(view)]) { $1 })
      + event(
        "response.output_item.done", last + 3,
        ["output_index": 0, "item": ResponseObject.message(view)])
      + event("response." + view.state, last + 4, ["response": ResponseObject.json(view)])
  }
}
