import Jobs
import Results
import Schemas

/// The events of a response's stream. Their numbers are the same for whoever comes again: four
/// events begin, then each scalar of the text counts as one, and the others follow.
struct ResponseEvents {
  /// Events up to this number were seen before.
  let after: Int
  private var isBegun = false
  private var hasMessage = false
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
    // Whether calls will stand for a message is not known before.
    let mayCall = view.request["tools"].array?.isEmpty == false
    return begin(view) + (mayCall ? [] : beginMessage(view) + delta(view, text))
  }

  private mutating func begin(_ view: AnswerView) -> [Event] {
    guard !isBegun else { return [] }
    isBegun = true
    let shown = ResponseObject.json(view)
    return event("response.created", 0, ["response": shown])
      + event("response.in_progress", 1, ["response": shown])
  }

  private mutating func beginMessage(_ view: AnswerView) -> [Event] {
    guard !hasMessage else { return [] }
    hasMessage = true
    let item: JSON = [
      "id": .string(ResponseObject.messageID(view)), "type": "message", "role": "assistant",
      "status": "in_progress", "content": [],
    ]
    let part: JSON = ["type": "output_text", "text": "", "annotations": [], "logprobs": []]
    return event("response.output_item.added", 2, ["output_index": 0, "item": item])
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
    if !view.calls.isEmpty { return begin(view) + calls(view) }
    let begun = begin(view) + beginMessage(view) + delta(view, view.text)
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

  /// Of calls, four events each, and the end.
  private func calls(_ view: AnswerView) -> [Event] {
    var events: [Event] = []
    var number = 2
    func add(_ name: String, _ members: [String: JSON]) {
      events += event("response." + name, number, members)
      number += 1
    }
    for (index, call) in view.calls.enumerated() {
      let done = ResponseObject.call(view, index)
      let place: [String: JSON] = ["item_id": done["id"], "output_index": .integer(index)]
      let item = ResponseObject.call(view, index, isDone: false)
      add("output_item.added", ["output_index": .integer(index), "item": item])
      add(
        "function_call_arguments.delta", place.merging(["delta": .string(call.arguments)]) { $1 })
      add(
        "function_call_arguments.done",
        place.merging(["arguments": .string(call.arguments), "name": .string(call.name)]) { $1 })
      add("output_item.done", ["output_index": .integer(index), "item": done])
    }
    add(view.state, ["response": ResponseObject.json(view)])
    return events
  }
}
