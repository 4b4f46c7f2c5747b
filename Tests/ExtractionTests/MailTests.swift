import Documents
import Extraction
import Testing

@Suite struct MailTests {
  private static let mailbox = [
    "From ann@example.org Thu Jan  1 00:00:00 1970", "From: Ann <ann@example.org>",
    "To: list@example.org", "Subject: =?utf-8?q?caf=C3=A9?=",
    "Date: Thu, 01 Jan 1970 00:00:00 +0000",
    "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable",
    "", "Gr=FC=DFe", ">From here on.", "", "From bob@example.org Fri Jan  2 00:00:00 1970",
    "From: bob@example.org", "Subject: two", "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=x", "", "--x",
    "Content-Type: multipart/alternative; boundary=y", "", "--y", "Content-Type: text/html", "",
    "<p>rich</p>", "--y", "Content-Type: text/plain", "", "plain", "--y--", "--x",
    "Content-Type: application/pdf; name=\"r.pdf\"", "Content-Disposition: attachment", "", "AAAA",
    "--x", "Content-Type: message/rfc822", "", "From: cat@example.org", "Subject: inner", "",
    "forwarded", "--x--", "",
  ].joined(separator: "\n")

  @Test func messagesAreReadOneByOne() throws {
    let mail = try Extracted("a.mbox", Self.mailbox)
    #expect(
      mail.text == """
        From: Ann <ann@example.org>
        To: list@example.org
        Date: 1970-01-01 00:00 +0000
        Subject: café

        Grüße
        From here on.

        From: bob@example.org
        Subject: two

        plain

        [attachment: r.pdf]

        From: cat@example.org
        Subject: inner

        forwarded

        """)
    #expect(mail.label(Place.Kind.entry, at: "Grüße") == "mail 1, from Ann <ann@example.org>")
    #expect(mail.label(Place.Kind.entry, at: "plain") == "mail 2, from bob@example.org")
  }

  @Test func aMailboxIsToldByItsFirstLine() throws {
    #expect(try Extracted("2023-April.txt", Self.mailbox).places.count == 2)
    #expect(FileFormat.of(name: "a.txt", head: Array("From here to Monday".utf8)) == .text)
  }

  @Test func oneDeepMessageCostsNoMailbox() throws {
    let deep = (0..<40).map { "Content-Type: multipart/mixed; boundary=b\($0)\n\n--b\($0)\n" }
      .joined()
    let mail = try Extracted(
      "a.mbox",
      "From a@b Thu Jan  1 00:00:00 1970\nFrom: a@b.c\n\(deep)\ntext\n\n"
        + "From a@b Thu Jan  1 00:00:00 1970\nFrom: d@e.f\n\nsecond\n")
    #expect(mail.words.contains("second"))
    #expect(mail.notes.contains { $0.contains("nested deeper") })
  }

  @Test func whatIsAttachedToTheOtherAlternativeIsNamed() throws {
    let mail = try Extracted(
      "a.eml",
      [
        "From: a@b.c", "Content-Type: multipart/alternative; boundary=x", "", "--x",
        "Content-Type: text/plain", "", "plain", "--x",
        "Content-Type: multipart/mixed; boundary=y", "", "--y", "Content-Type: text/html", "",
        "<p>rich</p>", "--y", "Content-Type: application/pdf; name=x.pdf", "", "AA", "--y--",
        "--x--",
        "",
      ].joined(separator: "\n"))
    #expect(mail.text == "From: a@b.c\n\nplain\n\n[attachment: x.pdf]\n")
  }

  @Test func oneMessageIsOne() throws {
    let mail = try Extracted("a.eml", "From: a@b.c\r\nSubject: x\r\n\r\none\r\n\r\ntwo\r\n")
    #expect(mail.text == "From: a@b.c\nSubject: x\n\none\n\ntwo\n")
  }

  @Test func notebooksHaveTheirOutputs() throws {
    let long = String(repeating: "x", count: 3000)
    let notebook = try Extracted(
      "a.ipynb",
      """
      {"nbformat": 4, "cells": [
        {"cell_type": "markdown", "source": ["# Mice\\n", "text"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [
          {"output_type": "stream", "text": ["1\\n"]},
          {"output_type": "execute_result", "data": {"text/plain": "\(long)", "image/png": "AAAA"}},
          {"output_type": "error", "ename": "E", "evalue": "wrong"},
          {"output_type": "display_data", "data": {"image/png": "AAAA"}}]}]}
      """)
    #expect(notebook.text.hasPrefix("# Mice\ntext\n\nprint(1)\n\n1\n\nxxx"))
    #expect(notebook.text.contains("[1000 more characters of output]\n\nE: wrong"))
    #expect(notebook.notes == ["1 output that is no text left out"])
    #expect(notebook.label(Place.Kind.entry, at: "print") == "cell 2")
    #expect(notebook.label(Place.Kind.section, at: "print") == "Mice")
  }
}
