package import Foundation

/// Who a worker process is, and what it can do.
package struct WorkerCard: Sendable {
  package let id: UUID
  package let name: String
  package let host: String
  package let process: Int
  package let models: [String]
  /// True when it tries models that jobs name by their folder.
  package let takesPaths: Bool
  /// The host's boot and the name space of its processes; nil where nobody can tell.
  package let place: String?

  package init(
    id: UUID, name: String, host: String, process: Int, models: [String], takesPaths: Bool,
    place: String? = nil
  ) {
    self.place = place
    self.id = id
    self.name = name
    self.host = host
    self.process = process
    self.models = models
    self.takesPaths = takesPaths
  }
}

/// Another worker of the same place.
package struct Neighbour: Sendable, Equatable {
  package let id: UUID
  package let name: String
  package let process: Int

  package init(id: UUID, name: String, process: Int) {
    self.id = id
    self.name = name
    self.process = process
  }
}
