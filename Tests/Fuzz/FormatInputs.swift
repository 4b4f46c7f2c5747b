import Foundation
import Host
import TestSupport

/// Small files of every format, one thing of which is changed.
struct FormatInputs: Sendable {
  private struct Source {
    let name: String
    let bytes: [UInt8]
    /// Of a ZIP, by name.
    var members: [(name: String, bytes: [UInt8])] = []
  }

  private let sources: [Source]

  init() throws {
    let folder = Repository.fixture("formats")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    var sources = try names.map { name in
      let path = folder + "/" + name
      return Source(
        name: name, bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))),
        members: ["epub", "docx", "odt"].contains((name as NSString).pathExtension)
          ? try Self.members(path) : [])
    }
    let archive = sources.filter { $0.bytes.count < 30_000 }.map { ($0.name, $0.bytes) }
    var zip = ZipFile()
    for (name, bytes) in archive { zip.add(name, bytes) }
    sources.append(Source(name: "a.zip", bytes: zip.bytes, members: archive))
    sources.append(Source(name: "a.mbox", bytes: Array(Self.mailbox.utf8)))
    sources.append(Source(name: "a.eml", bytes: Array(Self.mailbox.utf8.dropFirst(45))))
    sources.append(Source(name: "a.ipynb", bytes: Array(Self.notebook.utf8)))
    sources.append(Source(name: "a.fodt", bytes: Array(Self.flat.utf8)))
    for (command, name) in [("czf", "a.tar.gz"), ("cJf", "a.tar.xz")] {
      let made = try TemporaryDirectory()
      let result = try Command.run(
        "tar", [command, made.path + "/" + name, "-C", folder, "alice.html", "alice2.epub"])
      guard result.status == 0 else { continue }
      let data = try Data(contentsOf: URL(fileURLWithPath: made.path + "/" + name))
      sources.append(Source(name: name, bytes: [UInt8](data)))
    }
    self.sources = sources
  }

  private static func members(_ path: String) throws -> [(name: String, bytes: [UInt8])] {
    let script = """
      import base64, sys, zipfile
      for i in zipfile.ZipFile(sys.argv[1]).infolist():
          print(i.filename + "\\t" + base64.b64encode(zipfile.ZipFile(sys.argv[1]).read(i)).decode())
      """
    let result = try Command.run("python3", ["-c", script, path])
    return String(decoding: result.output, as: UTF8.self).split(separator: "\n").compactMap {
      let pieces = $0.split(separator: "\t", omittingEmptySubsequences: false)
      guard pieces.count == 2, let data = Data(base64Encoded: String(pieces[1])) else { return nil }
      return (String(pieces[0]), [UInt8](data))
    }
  }

  /// - Returns: the file's path, and what was changed in it.
  func write(to directory: String, _ random: inout SplitMix) throws -> (path: String, what: String)
  {
    let source = sources[Int(random.bits() % UInt64(sources.count))]
    let path = directory + "/" + source.name
    var bytes = source.bytes
    var what = ""
    if !source.members.isEmpty, random.bits() % 4 != 0 {
      let changed = Int(random.bits() % UInt64(source.members.count))
      var zip = ZipFile()
      for (index, member) in source.members.enumerated() {
        var content = member.bytes
        if index == changed {
          what = "\(member.name): " + change(&content, &random)
        }
        zip.add(member.name, content, isDamaged: random.bits() % 40 == 0)
      }
      bytes = zip.bytes
    } else {
      what = change(&bytes, &random)
    }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return (path, what)
  }

  private func change(_ bytes: inout [UInt8], _ random: inout SplitMix) -> String {
    guard !bytes.isEmpty else { return "empty" }
    let place = Int(random.bits() % UInt64(bytes.count))
    switch random.bits() % 7 {
    case 0:
      bytes.removeSubrange(place...)
      return "cut at \(place)"
    case 1:
      for _ in 0..<(1 + random.bits() % 20) {
        bytes[Int(random.bits() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.bits())
      }
      return "some bytes"
    case 2:
      let end = min(bytes.count, place + Int(random.bits() % 2000))
      let piece = Array(bytes[place..<end])
      let count = Int(1 + random.bits() % 200)
      bytes.insert(
        contentsOf: repeatElement(piece, count: count).joined(), at: place)
      return "\(piece.count) bytes at \(place) \(count) times"
    case 3:
      let end = min(bytes.count, place + Int(random.bits() % 3000))
      bytes.removeSubrange(place..<end)
      return "without \(end - place) bytes at \(place)"
    case 4:
      let other = sources[Int(random.bits() % UInt64(sources.count))]
      bytes.insert(contentsOf: other.bytes.prefix(20_000), at: place)
      return "\(other.name) at \(place)"
    case 5:
      let word = Self.words[Int(random.bits() % UInt64(Self.words.count))]
      bytes.insert(contentsOf: word.utf8, at: place)
      return "\(word.prefix(20)) at \(place)"
    default:
      bytes[place] ^= 1 << UInt8(random.bits() % 8)
      return "a bit at \(place)"
    }
  }

  private static let words = [
    "<table><tr><td>", "</table></td>", "<![CDATA[", "<!--", "-->", "&#x110000;", "&lol;", "<p ",
    "{{{{",
    #"\bin99999999999"#, #"\u-99999 "#, "}}}}", "\u{0}",
    "\n\n--x\nContent-Type: multipart/mixed; boundary=x\n\n",
    "From a@b Thu Jan  1 00:00:00 1970\n", "<w:footnoteReference w:id=\"2\"/>", "<text:note-body>",
    "99999999999999999999", "]]>", "<!DOCTYPE a [<!ENTITY b \"&b;&b;\">]>",
  ]

  private static let mailbox = """
    From ann@example.org Thu Jan  1 00:00:00 1970
    From: =?utf-8?q?caf=C3=A9?= <ann@example.org>
    Subject: one
    Content-Type: multipart/mixed; boundary=x

    --x
    Content-Type: text/plain; charset=iso-8859-1
    Content-Transfer-Encoding: quoted-printable

    Gr=FC=DFe
    --x
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: base64

    PHA+cmljaDwvcD4=
    --x
    Content-Type: message/rfc822

    Subject: inner

    forwarded
    --x--

    From bob@example.org Fri Jan  2 00:00:00 1970
    Subject: two

    plain
    """

  private static let notebook = """
    {"nbformat": 4, "cells": [{"cell_type": "markdown", "source": ["# Mice\\n", "text"]},
    {"cell_type": "code", "source": "print(1)", "outputs": [{"text": ["1\\n"]},
    {"data": {"text/plain": "2"}}, {"ename": "E", "evalue": "wrong"}]}]}
    """

  private static let flat = """
    <?xml version="1.0"?><office:document xmlns:office="o" xmlns:text="t" xmlns:table="b"><office:body>
    <office:text><text:h text:outline-level="1">Mice</text:h><text:p>A<text:s text:c="2"/>B<text:note>
    <text:note-citation>1</text:note-citation><text:note-body><text:p>n</text:p></text:note-body></text:note>
    </text:p><table:table><table:table-row><table:table-cell table:number-columns-repeated="3"><text:p>x
    </text:p></table:table-cell></table:table-row></table:table></office:text></office:body></office:document>
    """
}
