import NIOCore
import Testing

@testable import docproc_coordinator

@Suite struct MultipartTests {
  private static let body = """
    preamble\r
    --XX\r
    Content-Disposition: form-data; name="purpose"\r
    \r
    user_data\r
    --XX\r
    Content-Disposition: form-data; name="file"; filename="a;\\"b\\".txt"\r
    Content-Type: text/plain\r
    \r
    one\r
    --XY is no end\r
    \r
    --XX\r
    content-disposition: form-data; name="empty"\r
    \r
    \r
    --XX--\r
    epilogue
    """

  private struct Part: Equatable {
    let name: String
    let filename: String?
    var text = ""
  }

  private static func parts(_ body: String, _ step: Int) throws -> [Part] {
    var reader = try MultipartReader(contentType: "multipart/form-data; boundary=\"XX\"")
    var parts: [Part] = []
    var ended = 0
    let bytes = Array(body.utf8)
    for start in stride(from: 0, to: bytes.count, by: step) {
      let piece = ByteBuffer(bytes: bytes[start..<min(bytes.count, start + step)])
      for event in try reader.take(piece) {
        switch event {
        case .part(let name, let filename): parts.append(Part(name: name, filename: filename))
        case .data(let data): parts[parts.count - 1].text += String(buffer: data)
        case .partEnd: ended += 1
        }
      }
    }
    try reader.finish()
    #expect(ended == parts.count)
    return parts
  }

  @Test(arguments: [1, 2, 3, 7, 16, 1000])
  func isTakenApartHoweverItComes(step: Int) throws {
    #expect(
      try Self.parts(Self.body, step) == [
        Part(name: "purpose", filename: nil, text: "user_data"),
        Part(name: "file", filename: "a;\"b\".txt", text: "one\r\n--XY is no end\r\n"),
        Part(name: "empty", filename: nil, text: ""),
      ])
  }

  @Test(arguments: [
    nil, "application/json", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + String(repeating: "x", count: 71),
  ])
  func needsABoundary(type: String?) {
    #expect(throws: APIError.self) { try MultipartReader(contentType: type) }
  }

  @Test(arguments: [
    "--XX\r\n\r\nno header\r\n--XX--\r\n", "--XX\r\nContent-Disposition: form-data\r\n\r\n--XX--",
    "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\ncut", "nothing", "",
    "--XXgarbage\r\n\r\n\r\n--XX--",
    "--XX\r\nContent-Disposition: " + String(repeating: "x", count: 20_000),
    String(repeating: "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", count: 100)
      + "--XX--",
  ])
  func aBrokenBodyIsRefused(body: String) {
    #expect(throws: APIError.self) { try Self.parts(body, 100) }
  }
}
