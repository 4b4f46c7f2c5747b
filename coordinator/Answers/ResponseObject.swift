import Jobs
import Results
import Schemas

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
      "output": view.record == nil || view.response.isCancelled ? [] : .array(output(view)),
      "parallel_tool_calls": true, "tool_choice": "auto",
      "tools": request["tools"].isNull ? [] : request["tools"],
      "temperature": request["temperature"].isNull ? 0 : request["temperature"],
      "top_p": request["top_p"].isNull ? 1 : request["top_p"], "truncation": "disabled",
      "text": ["format": format(request["schema"])], "store": true,
      "reasoning": ["effort": nil, "summary": nil], "usage": usage(view), "docproc": view.own,
    ]
  }

  private static func format(_ schema: JSON) -> JSON {
    schema.isNull
      ? ["type": "text"]
      : ["type": "json_schema", "name": "answer", "schema": schema, "strict": true]
  }

  /// The message, or the calls that stand for one.
  static func output(_ view: AnswerView) -> [JSON] {
    view.calls.isEmpty ? [message(view)] : view.calls.indices.map { call(view, $0) }
  }

  /// - Parameter isDone: false before its arguments were sent.
  static func call(_ view: AnswerView, _ index: Int, isDone: Bool = true) -> JSON {
    let call = view.calls[index]
    return [
      "id": .string("fc_" + view.callID(index).dropFirst("call_".count)), "type": "function_call",
      "call_id": .string(view.callID(index)), "name": .string(call.name),
      "arguments": .string(isDone ? call.arguments : ""),
      "status": .string(isDone ? "completed" : "in_progress"),
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
