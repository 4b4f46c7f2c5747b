import Glibc

/// Bytes in an encoding that iconv knows, as UTF-8.
package enum Iconv {
  /// True where this host's iconv knows the name.
  package static func knows(_ encoding: String) -> Bool {
    guard let converter = iconv_open("UTF-8", encoding), Int(bitPattern: converter) != -1 else {
      return false
    }
    iconv_close(converter)
    return true
  }

  /// - Returns: the text, or the offset of the first byte that cannot be converted.
  package static func text(_ bytes: [UInt8], from encoding: String) -> Result<String, Failure> {
    guard let converter = iconv_open("UTF-8", encoding), Int(bitPattern: converter) != -1 else {
      return .failure(Failure(byte: 0))
    }

    defer { iconv_close(converter) }
    var output: [UInt8] = []
    var chunk = [CChar](repeating: 0, count: 1 << 16)
    var input = bytes.map { CChar(bitPattern: $0) }
    let left = input.withUnsafeMutableBufferPointer { source in
      var from = source.baseAddress
      var left = source.count
      var isFlushed = false
      while !isFlushed {
        let isFlushing = left == 0
        let (written, status) = convertChunk(
          converter, &from, &left, into: &chunk, flushing: isFlushing)
        output.append(contentsOf: chunk[..<written].lazy.map { UInt8(bitPattern: $0) })
        // A full chunk is no failure; without progress it is one.
        if status == -1, !(errno == E2BIG && written > 0) { break }
        isFlushed = isFlushing && status != -1
      }
      return isFlushed ? 0 : max(left, 1)
    }
    guard left == 0, let text = String(validating: output, as: UTF8.self) else {
      return .failure(Failure(byte: bytes.count - left))
    }

    return .success(text)
  }

  package struct Failure: Error {
    package let byte: Int
  }

  /// One call of iconv; flushing, it writes what the converter holds back.
  private static func convertChunk(
    _ converter: iconv_t, _ from: inout UnsafeMutablePointer<CChar>?, _ left: inout Int,
    into chunk: inout [CChar], flushing: Bool
  ) -> (written: Int, status: Int) {
    chunk.withUnsafeMutableBufferPointer { target in
      var to = target.baseAddress
      var room = target.count
      let status =
        flushing
        ? iconv(converter, nil, nil, &to, &room) : iconv(converter, &from, &left, &to, &room)
      return (target.count - room, status)
    }
  }
}
