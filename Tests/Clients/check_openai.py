"""Everything that the current openai client does with docproc, unchanged but for address and key.

usage: check_openai.py BASE_URL KEY BOOK.epub
Prints a line for each check; the first that fails ends it with a traceback.
"""

import io
import json
import sys
import time

import openai

base_url, key, book = sys.argv[1:4]
client = openai.OpenAI(base_url=base_url + "/v1", api_key=key, max_retries=2)
MODEL = "smollm2-135m"

STATION = (
    "The weather station on Gull Rock was built in 1931 by Henrik Dahl. "
    "Its keeper today is Marta Olsen, who lives there with two dogs. "
    "The station measures wind, rain and the height of the waves every hour.\n\n"
) + "The sea around the rock is rough in winter and calm in July. " * 30
RECIPE = (
    "To bake the brown loaf, mix 500 grams of rye flour with warm water. "
    "Let the dough rest for nine hours in a cool room. "
    "Bake it at 210 degrees until the crust is dark.\n\n"
) + "Bread keeps longer when it is wrapped in linen. " * 30
LETTER = (
    "Dear Anna, the parcel with the violin came on Tuesday. "
    "Uncle Robert paid 340 crowns for it at the market in Bergen. "
    "I shall play it at your wedding in September.\n\n"
) + "The garden is full of apples this year. " * 30


def check(name, holds=True, found=None):
    if not holds:
        raise AssertionError(name if found is None else f"{name}: {found}")
    print("ok  " + name, flush=True)


def refused(name, kind, call, **expected):
    try:
        call()
    except kind as error:
        for field, value in expected.items():
            check(f"{name}: {field} is {value}", getattr(error, field) == value)
        check(f"{name}: {kind.__name__}")
        return error
    raise AssertionError(f"{name} was not refused")


def upload(name, text):
    return client.files.create(file=(name, io.BytesIO(text.encode())), purpose="user_data")


def files():
    made = upload("station.txt", STATION)
    check("a file has its size", made.bytes == len(STATION.encode()))
    done = client.files.wait_for_processing(made.id, poll_interval=0.2)
    check("a file is processed", done.status == "processed")
    check("files are listed", made.id in [f.id for f in client.files.list()])
    check("files are listed by purpose", made.id in [f.id for f in client.files.list(purpose="user_data")])
    one_by_one = [f.id for f in client.files.list(limit=1)]
    check("pages of one have all files", len(one_by_one) == len(set(one_by_one)) >= 1)
    check("content is the original", client.files.content(made.id).read() == STATION.encode())
    check("a file is deleted", client.files.delete(made.id).deleted)
    refused("a deleted file", openai.NotFoundError, lambda: client.files.retrieve(made.id))
    refused(
        "an unknown purpose", openai.BadRequestError,
        lambda: client.files.create(file=("a.txt", b"text"), purpose="fun"), param="purpose")
    refused("an empty file", openai.BadRequestError, lambda: upload("empty.txt", ""))
    expiring = client.files.create(
        file=("soon.txt", b"It is here for an hour."), purpose="user_data",
        expires_after={"anchor": "created_at", "seconds": 3600})
    check("a file expires", expiring.expires_at - expiring.created_at == 3600)
    broken = client.files.create(file=("broken.pdf", b"%PDF-1.7\nnothing"), purpose="user_data")
    for _ in range(100):
        if client.files.retrieve(broken.id).status != "uploaded":
            break
        time.sleep(0.1)
    check("a broken file is an error", client.files.retrieve(broken.id).status == "error")
    refused(
        "a question about a broken file", openai.BadRequestError,
        lambda: client.responses.create(model=MODEL, input=about(broken.id, "What is it?")),
        code="unreadable_document")


def uploads(path):
    made = client.uploads.upload_file_chunked(
        file=path, mime_type="application/epub+zip", purpose="user_data", part_size=100_000)
    check("a chunked upload is completed", made.status == "completed" and made.file is not None)
    with open(path, "rb") as original:
        content = client.files.content(made.file.id).read()
        check("a chunked upload is the original", content == original.read())
    begun = client.uploads.create(bytes=3, filename="a.txt", mime_type="text/plain", purpose="user_data")
    check("an upload is cancelled", client.uploads.cancel(begun.id).status == "cancelled")
    refused(
        "a part of a cancelled upload", openai.BadRequestError,
        lambda: client.uploads.parts.create(begun.id, data=b"abc"))
    return made.file.id


def about(file, question):
    parts = [{"type": "input_file", "file_id": file}, {"type": "input_text", "text": question}]
    return [{"role": "user", "content": parts}]


def responses(station, letter):
    answer = client.responses.create(model=MODEL, input=about(station, "Who built the weather station?"))
    check("a response is completed", answer.status == "completed")
    check("it answers from the file", "Dahl" in answer.output_text)
    check("usage is what was read", answer.usage.input_tokens > 400)
    cited = answer.output[0].content[0].annotations
    check("it cites the file", any(c.file_id == station for c in cited))
    again = client.responses.create(
        model=MODEL, input=about(station, "Who is the keeper of the station?"))
    check("another question is answered", "Olsen" in again.output_text)
    follow = client.responses.create(
        model=MODEL, input="In which year was the station built?", previous_response_id=answer.id)
    check("a question follows a response", "1931" in follow.output_text)
    check("a response can be had again", client.responses.retrieve(answer.id).output_text == answer.output_text)
    both = client.responses.create(model=MODEL, input=[{"role": "user", "content": [
        {"type": "input_file", "file_id": station}, {"type": "input_file", "file_id": letter},
        {"type": "input_text", "text": "How many crowns did Uncle Robert pay for the violin?"}]}])
    check("two files are one document", "340" in both.output_text)

    events = list(client.responses.create(
        model=MODEL, input=about(station, "Who lives there with two dogs?"), stream=True))
    kinds = [e.type for e in events]
    check("a stream begins and ends", kinds[0] == "response.created" and kinds[-1] == "response.completed")
    numbers = [e.sequence_number for e in events]
    check("events are numbered", numbers == sorted(set(numbers)))
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    check("deltas are the text", text == events[-1].response.output_text != "")
    with client.responses.stream(model=MODEL, input="Say hello.", max_output_tokens=12) as stream:
        for _ in stream:
            pass
        check("the stream helper has the text", stream.get_final_response().output_text != "")

    queued = client.responses.create(
        model=MODEL, input=about(station, "What does the station measure every hour?"), background=True)
    check("a background response is queued", queued.status in ("queued", "in_progress", "completed"))
    while queued.status in ("queued", "in_progress"):
        time.sleep(0.2)
        queued = client.responses.retrieve(queued.id)
    check("a background response is completed", queued.status == "completed")
    seen = list(client.responses.retrieve(queued.id, stream=True, starting_after=10))
    check("a stream goes on", all(e.sequence_number > 10 for e in seen) and seen[-1].type == "response.completed")
    client.responses.delete(queued.id)
    refused("a deleted response", openai.NotFoundError, lambda: client.responses.retrieve(queued.id))
    short = client.responses.create(model=MODEL, input="Count to a hundred.", max_output_tokens=5)
    check("a bounded response is incomplete", short.status == "incomplete")
    check("it says why", short.incomplete_details.reason == "max_output_tokens")


def cancelling(book_id):
    going = client.responses.create(
        model=MODEL, input=about(book_id, "What is the name of the ship?"), background=True)
    gone = client.responses.cancel(going.id)
    check("a response is cancelled", gone.status == "cancelled")


def chats(station):
    plain = client.chat.completions.create(
        model=MODEL, max_completion_tokens=24, messages=[
            {"role": "system", "content": "You are brief."},
            {"role": "user", "content": "What is the capital of France?"}])
    check("a chat is answered", "Paris" in plain.choices[0].message.content)
    check("a chat ends", plain.choices[0].finish_reason in ("stop", "length"))
    check("a chat counts", plain.usage.prompt_tokens > 0 < plain.usage.completion_tokens)
    turns = client.chat.completions.create(
        model=MODEL, max_completion_tokens=24, messages=[
            {"role": "user", "content": "My name is Ada."},
            {"role": "assistant", "content": "Nice to meet you, Ada."},
            {"role": "user", "content": "What is my name?"}])
    check("a chat has turns", "Ada" in turns.choices[0].message.content)
    asked = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": [
        {"type": "file", "file": {"file_id": station}}, {"type": "text", "text": "Who built the weather station?"}]}])
    check("a chat is about a file", "Dahl" in asked.choices[0].message.content)
    chunks = list(client.chat.completions.create(
        model=MODEL, stream=True, stream_options={"include_usage": True}, max_completion_tokens=16,
        messages=[{"role": "user", "content": "Tell me a story about a fox."}]))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    check("a chat is streamed", len(text) > 10 and chunks[0].choices[0].delta.role == "assistant")
    check("a stream has usage", chunks[-1].usage.completion_tokens > 0)
    same = client.chat.completions.create(
        model=MODEL, max_completion_tokens=16,
        messages=[{"role": "user", "content": "Tell me a story about a fox."}])
    check("streamed and whole are the same", same.choices[0].message.content == text)
    stopped = client.chat.completions.create(
        model=MODEL, max_completion_tokens=16, stop=[text[5:8]],
        messages=[{"role": "user", "content": "Tell me a story about a fox."}])
    check("a stop sequence stops", stopped.choices[0].message.content == text[:text.index(text[5:8])])


def batches(documents):
    questions = {
        "station": ["Who built the weather station?", "In which year was the station built?",
                    "Who is its keeper today?", "How many dogs live there?",
                    "What is the sea like in July?", "What does the station measure?",
                    "Where was the station built?"],
        "recipe": ["How many grams of rye flour are needed?", "How long does the dough rest?",
                   "At what temperature is it baked?", "What is mixed with the flour?",
                   "What keeps bread longer?", "Where does the dough rest?", "What flour is used?"],
        "letter": ["When did the parcel come?", "How many crowns did Uncle Robert pay?",
                   "Where is the market?", "When is the wedding?", "What was in the parcel?",
                   "What is the garden full of?"],
    }
    lines = [
        {"custom_id": f"{name}-{number}", "method": "POST", "url": "/v1/responses",
         "body": {"model": MODEL, "input": about(documents[name], question)}}
        for name, asked in questions.items() for number, question in enumerate(asked)]
    check("the batch has 20 lines", len(lines) == 20)
    lines.append({"custom_id": "bad", "method": "POST", "url": "/v1/responses", "body": {"model": MODEL, "input": []}})
    text = "\n".join(json.dumps(line) for line in lines)
    source = client.files.create(file=("lines.jsonl", text.encode()), purpose="batch")
    batch = client.batches.create(
        input_file_id=source.id, endpoint="/v1/responses", completion_window="24h", metadata={"for": "test"})
    check("a batch is validated", batch.status in ("validating", "in_progress"))
    check("batches are listed", batch.id in [b.id for b in client.batches.list(limit=5)])
    while batch.status in ("validating", "in_progress", "finalizing"):
        time.sleep(0.5)
        batch = client.batches.retrieve(batch.id)
    check("a batch is completed", batch.status == "completed")
    counts = batch.request_counts
    check("20 of 21 lines are answered", (counts.total, counts.completed, counts.failed) == (21, 20, 1))
    answers = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
    found = {a["custom_id"]: a["response"]["body"]["output"][0]["content"][0]["text"] for a in answers}
    check("each line has its answer", len(found) == 20 and "Dahl" in found["station-0"] and "500" in found["recipe-0"])
    errors = [json.loads(line) for line in client.files.content(batch.error_file_id).text.splitlines()]
    check("the bad line has its error", [e["custom_id"] for e in errors] == ["bad"] and errors[0]["error"]["message"])
    cached = [a["response"]["body"]["usage"]["input_tokens_details"]["cached_tokens"] for a in answers]
    check(f"{sum(c > 0 for c in cached)} of 20 went on from a kept reading")

    twice = client.files.create(file=("twice.jsonl", (text + "\n" + text).encode()), purpose="batch")
    bad = client.batches.create(input_file_id=twice.id, endpoint="/v1/responses", completion_window="24h")
    while bad.status == "validating":
        time.sleep(0.2)
        bad = client.batches.retrieve(bad.id)
    check("a batch with a custom_id twice fails", bad.status == "failed" and bad.errors.data[0].line == 22)

    gone = client.batches.create(input_file_id=source.id, endpoint="/v1/responses", completion_window="24h")
    gone = client.batches.cancel(gone.id)
    while gone.status == "cancelling":
        time.sleep(0.2)
        gone = client.batches.retrieve(gone.id)
    check("a batch is cancelled", gone.status == "cancelled")


SCHEMA = {
    "type": "object",
    "properties": {"place": {"type": "string", "maxLength": 40}, "count": {"type": "integer", "maximum": 99}},
    "required": ["place", "count"], "additionalProperties": False}
TOOL = {
    "type": "function", "name": "open_gate", "description": "Opens a gate",
    "parameters": {
        "type": "object", "properties": {"gate": {"enum": ["north", "south"]}}, "required": ["gate"],
        "additionalProperties": False}}


def is_shaped(text):
    value = json.loads(text)
    return list(value) == ["place", "count"] and isinstance(value["place"], str) and isinstance(value["count"], int)


def shapes(station):
    """Answers that are JSON under a schema, and calls of tools."""
    text_format = {"format": {"type": "json_schema", "name": "facts", "schema": SCHEMA, "strict": True}}
    made = client.responses.create(model=MODEL, input=about(station, "What does it say?"), text=text_format)
    check("data is taken out of a file", is_shaped(made.output_text), made.output_text)
    check("its fields have evidence", len(made.docproc["fields"]) == 2, made.docproc)
    chat_format = {"type": "json_schema", "json_schema": {"name": "facts", "schema": SCHEMA}}
    said = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Name a place."}], response_format=chat_format)
    check("a chat speaks JSON", is_shaped(said.choices[0].message.content), said)
    free = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Say something."}], response_format={"type": "json_object"},
        max_tokens=60)
    check("any object is one", isinstance(json.loads(free.choices[0].message.content), dict), free)
    tool = {"type": "function", "function": {k: TOOL[k] for k in ("name", "description", "parameters")}}
    messages = [{"role": "user", "content": "Open the north gate."}]
    asked = client.chat.completions.create(model=MODEL, messages=messages, tools=[tool], tool_choice="required")
    choice = asked.choices[0]
    call = choice.message.tool_calls[0]
    check("a tool is called", choice.finish_reason == "tool_calls" and choice.message.content is None, choice)
    check(
        "its arguments are valid",
        call.function.name == "open_gate" and json.loads(call.function.arguments)["gate"] in ("north", "south"), call)
    messages += [
        choice.message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "It is open."}]
    after = client.chat.completions.create(model=MODEL, messages=messages, max_tokens=20)
    check("the talk goes on with what came of it", bool(after.choices[0].message.content), after)
    deltas = [
        chunk.choices[0] for chunk in client.chat.completions.create(
            model=MODEL, messages=messages[:1], tools=[tool], tool_choice="required", stream=True)]
    streamed = [d.delta.tool_calls[0] for d in deltas if d.delta.tool_calls]
    check(
        "calls are streamed", deltas[-1].finish_reason == "tool_calls" and streamed[0].function.name == "open_gate",
        deltas)
    answer = client.responses.create(
        model=MODEL, input=about(station, "Open the gate that it names."), tools=[TOOL], tool_choice="required")
    item = answer.output[0]
    check("a response calls", item.type == "function_call" and item.name == "open_gate", answer.output)
    with client.responses.stream(
            model=MODEL, input="Open the south gate.", tools=[TOOL], tool_choice="required") as stream:
        names = [event.type for event in stream]
        final = stream.get_final_response()
    check(
        "a response's calls are streamed",
        "response.function_call_arguments.done" in names and final.output[0].name == "open_gate", names)


def errors(station):
    wrong = openai.OpenAI(base_url=base_url + "/v1", api_key="wrong", max_retries=0)
    refused("a wrong key", openai.AuthenticationError, lambda: wrong.models.list(), code="invalid_api_key")
    refused(
        "an unknown model", openai.NotFoundError,
        lambda: client.responses.create(model="nobody", input="Hello"), code="model_not_found")
    refused("an unknown model's page", openai.NotFoundError, lambda: client.models.retrieve("nobody"))
    check("a model has a page", client.models.retrieve(MODEL).id == MODEL)
    remote = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"$ref": "https://example.org/a"}}}
    refused(
        "a schema from elsewhere", openai.BadRequestError,
        lambda: client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hi"}], response_format=remote),
        param="response_format", code="invalid_schema")
    refused(
        "two tools of one name", openai.BadRequestError,
        lambda: client.responses.create(model=MODEL, input="Hi", tools=[TOOL, TOOL]),
        param="tools", code="invalid_tools")
    refused(
        "an unknown file", openai.NotFoundError,
        lambda: client.responses.create(model=MODEL, input=about("file-none", "What?")))
    refused(
        "an oversized upload", openai.APIStatusError,
        lambda: client.uploads.create(
            bytes=1 << 40, filename="a", mime_type="text/plain", purpose="user_data"),
        status_code=413)
    refused(
        "truncation", openai.BadRequestError,
        lambda: client.responses.create(model=MODEL, input="Hi", truncation="auto"), param="truncation")


check("models are listed", MODEL in [m.id for m in client.models.list()])
files()
book_id = uploads(book)
texts = {"station": STATION, "recipe": RECIPE, "letter": LETTER}
documents = {name: upload(name + ".txt", text).id for name, text in texts.items()}
cancelling(book_id)
responses(documents["station"], documents["letter"])
chats(documents["station"])
shapes(documents["station"])
errors(documents["station"])
batches(documents)
print("all well")
