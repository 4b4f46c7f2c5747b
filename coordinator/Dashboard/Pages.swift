import Foundation
import HTTPTypes
import Hummingbird
import Jobs
import Mustache
import NIOCore
import Programs
import Rendering

/// Templates with what they show.
struct Pages: Sendable {
  private static let templates: [(name: String, text: [UInt8])] = [
    ("layout", PackageResources.layout_mustache), ("login", PackageResources.login_mustache),
    ("overview", PackageResources.overview_mustache), ("submit", PackageResources.submit_mustache),
    ("jobtable", PackageResources.jobtable_mustache), ("jobs", PackageResources.jobs_mustache),
    ("job", PackageResources.job_mustache), ("result", PackageResources.result_mustache),
    ("documents", PackageResources.documents_mustache),
    ("workers", PackageResources.workers_mustache), ("keys", PackageResources.keys_mustache),
    ("problem", PackageResources.problem_mustache),
  ]

  /// Everything that is shown is a stranger's.
  private struct ForeignContent: MustacheContentType {
    func escapeText(_ text: String) -> String { HTMLText.escaped(text) }
  }

  private static let contentType = "FOREIGN"

  /// - Throws: what is wrong with a template.
  static func library() throws -> MustacheLibrary {
    MustacheContentTypes.register(ForeignContent(), named: contentType)
    var library = MustacheLibrary()
    for template in templates {
      let text = String(decoding: template.text, as: UTF8.self)
      try library.register("{{% CONTENT_TYPE: \(contentType)}}\n" + text, named: template.name)
    }
    return library
  }

  private let library: MustacheLibrary

  init() throws { library = try Self.library() }

  /// What all pages have.
  struct Frame {
    struct Link {
      let path: String
      let name: String
      let isCurrent: Bool
    }

    let isSignedIn: Bool
    let links: [Link]
    let csrf: String
    let tenant: String?
    let version = Version.text
    let message: String?

    /// - Parameter path: of the page, as the links name it.
    init(_ key: APIKey?, csrf: String = "", path: String = "", message: String? = nil) {
      isSignedIn = key != nil
      let all = [
        ("/", "Overview"), ("/jobs", "Jobs"), ("/documents", "Documents"), ("/workers", "Workers"),
      ]
      let own = key?.may(.admin) == true ? all + [("/keys", "Keys")] : all
      links = own.map { Link(path: $0.0, name: $0.1, isCurrent: $0.0 == path) }
      self.csrf = csrf
      tenant = key?.tenant
      self.message = message
    }
  }

  /// - Parameter values: what the template names, besides `page`.
  func response(
    _ template: String, _ frame: Frame, _ values: [String: Any] = [:],
    status: HTTPResponse.Status = .ok
  ) -> Response {
    let all = Self.present(values).merging(["page": frame]) { $1 }
    let text = library.render(all, withTemplate: template) ?? ""
    var headers: HTTPFields = [
      .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: Self.policy,
      .cacheControl: "no-store",
    ]
    if let name = HTTPField.Name("referrer-policy") { headers[name] = "same-origin" }
    return Response(
      status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  /// Without empty texts: to a template they would be something.
  private static func present(_ values: [String: Any]) -> [String: Any] {
    values.compactMapValues { value in
      switch value {
      case let text as String: text.isEmpty ? nil : text
      case let rows as [[String: String]]: rows.map { $0.filter { !$0.value.isEmpty } }
      case let rows as [[String: Any]]: rows.map(present)
      case let values as [String: Any]: present(values)
      default: value
      }
    }
  }

  /// Nothing from elsewhere, nothing within the page, and the page within none.
  private static let policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

  static func redirect(_ path: String) -> Response {
    Response(status: .seeOther, headers: [.location: path])
  }
}

/// Numbers and times as people read them.
enum Shown {
  static func count(_ number: Int) -> String {
    let digits = String(number)
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0,
        digits[digits.index(digits.startIndex, offsetBy: index - 1)] != "-"
      {
        result += "\u{202F}"
      }
      result.append(digit)
    }
    return result
  }

  static func bytes(_ bytes: Int) -> String {
    switch bytes {
    case ..<1024: "\(bytes) B"
    case ..<(1 << 20): "\(bytes >> 10) KiB"
    case ..<(1 << 30): "\(bytes >> 20) MiB"
    default: String(format: "%.1f GiB", Double(bytes) / Double(1 << 30))
    }
  }

  static func duration(_ seconds: Int) -> String {
    switch seconds {
    case ..<60: "\(max(seconds, 0)) s"
    case ..<3600: "\(seconds / 60) min"
    case ..<86_400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    default: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
    }
  }

  /// `2026-11-30 16:00` of seconds since 1970, in UTC.
  static func time(_ seconds: Int) -> String {
    let text = Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
    return String(text.prefix(16)).replacing("T", with: " ")
  }
}
